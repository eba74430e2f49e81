"""Why a port cannot be opened or read, in words a technician can act on."""

import errno
import termios

# What pyserial's back-ends were seen to raise, besides OSError, for ports they do not like.
PORT_FAULTS = (
    OSError,  # serial.SerialException is one
    termios.error,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
)

_NETWORK = ("socket://", "rfc2217://")
_CORRECT_URL = "correct [radio] url in the settings file"
_NO_DEVICE = f"no such device: plug in the radio modem or {_CORRECT_URL}"
_UNPLUGGED = f"no radio modem there: plug it in or {_CORRECT_URL}"
_DENIED = "permission denied: let the unit's user open it (on Debian: group dialout)"
_BUSY = "in use by another program: stop that program (fuser names it)"
_NO_PORT = f"not a serial port: {_CORRECT_URL}"
_DEVICE_ADVICE = {
    errno.ENOENT: _NO_DEVICE,
    errno.ENODEV: _NO_DEVICE,
    errno.ENXIO: _NO_DEVICE,
    errno.EIO: _UNPLUGGED,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EBUSY: _BUSY,
    errno.EAGAIN: _BUSY,
    errno.ENOTTY: _NO_PORT,
    errno.EISDIR: _NO_PORT,
    errno.ENOTDIR: _NO_PORT,
}


def explain(url: str, fault: BaseException) -> str:
    """One line for the technician: which port, what is wrong with it, what to do."""
    # pyserial wraps what happened and may drop the number: the first cause still has it.
    while fault.__context__ is not None:
        fault = fault.__context__
    number = fault.args[0] if isinstance(fault, termios.error) else getattr(fault, "errno", None)
    reason = " ".join((getattr(fault, "strerror", None) or str(fault)).split())
    if url.lower().startswith(_NETWORK):
        if isinstance(fault, OSError):
            return f"{url}: {reason}: check that the serial server is on, or {_CORRECT_URL}"
        return f"{url}: not of the form socket://HOST:PORT or rfc2217://HOST:PORT: {_CORRECT_URL}"
    if number in _DEVICE_ADVICE:
        return f"{url}: {_DEVICE_ADVICE[number]}"
    if isinstance(fault, OSError) and number is None and "://" not in url:
        return f"{url}: {_UNPLUGGED}"  # "readiness to read but returned no data", without a number
    return (
        f"{url}: cannot be opened ({reason}): correct [radio] url or baudrate in the settings file"
    )
