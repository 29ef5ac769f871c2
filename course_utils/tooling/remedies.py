"""Advice for the reader when the installation fails: the cause and the remedy."""

import re
import sys

_NO_NETWORK = (
    r"NameResolutionError|Temporary failure in name resolution|Name or service not known"
    r"|getaddrinfo failed|nodename nor servname|Network is unreachable|No route to host"
    r"|NewConnectionError|ConnectTimeoutError|ReadTimeoutError|Read timed out"
    r"|Connection refused|ConnectionResetError|Connection broken|IncompleteRead"
    r"|RemoteDisconnected|Connection aborted|ProxyError|Tunnel connection failed"
    r"|Cannot connect to proxy"
)

# (what pip's output holds, what went wrong, what to do). The first that fits is told, sought first
# in the lines that pip marks as errors: a warning may be about a problem that pip has overcome.
_REMEDIES: tuple[tuple[str, str, str], ...] = (
    (
        r"No space left on device|Errno 28\b|WinError 112|Disk quota exceeded|Errno 122\b",
        "The disk is full.",
        "Free some space (emptying pip's store of downloads helps: python3 -m pip cache purge)\n"
        "and run the same command again. On Linux, --torch cpu installs a PyTorch that takes a\n"
        "tenth of the space (README.md, under 'A smaller PyTorch').",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError",
        "The server's certificate could not be checked.",
        "At a company or a school, ask for the file with its certificate and set the variable\n"
        "PIP_CERT to its path. On macOS, run 'Install Certificates.command' in the folder of\n"
        "your Python. Also look whether the clock of this computer is right.",
    ),
    (
        r"THESE PACKAGES DO NOT MATCH THE HASHES|BadZipFile|invalid wheel",
        "A download arrived damaged.",
        "Run 'python3 -m pip cache purge', then the same command again.",
    ),
    (
        _NO_NETWORK,
        "The network is missing: pip could not reach the server with the packages.",
        "Check the connection and run the same command again; what was downloaded is kept.\n"
        "Behind a proxy, set the variable HTTPS_PROXY first. Without any network, ask the\n"
        "instructor for a folder of packages and set PIP_FIND_LINKS to it and PIP_NO_INDEX=1.",
    ),
    (
        r"No matching distribution found for (?P<package>[\w.\-]+)",
        "There is no '{package}' for Python {python} on this kind of computer.",
        "PyTorch often needs some months after a new Python comes out, and has left Intel Macs\n"
        "and 32-bit systems behind. Try another Python (3.11 to 3.13), for example\n"
        "    python3.12 start.py\n"
        "or use conda with environment.yml, as README.md shows.",
    ),
    (
        r"(?i)enable long path|Windows Long Path|path too long|filename or extension is too long",
        "A path is too long for Windows.",
        "Move the course to a short folder such as C:\\course and run the same command again.",
    ),
    (
        r"Permission denied|Errno 13\b|WinError 5\b|WinError 32\b|Access is denied"
        r"|Read-only file system",
        "A file could not be written.",
        "Close every JupyterLab that runs from this folder and look whether the folder may be\n"
        "written to (a folder in your home is best), then run the same command again.\n"
        "No administrator's rights are needed.",
    ),
    (
        r"WinError 126|WinError 127|WinError 1114|DLL load failed",
        "PyTorch is installed, but Windows cannot load it.",
        "Install the 'Microsoft Visual C++ Redistributable' (x64) from Microsoft's site and run\n"
        "the same command again.",
    ),
    (
        r"operator torchvision::nms does not exist",
        "torch and torchvision do not fit together.",
        "Delete the folder .venv, unset any PIP_... variable that names another source of\n"
        "packages, and run the same command again.",
    ),
    (
        r"MemoryError|Cannot allocate memory|Killed",
        "There is not enough memory.",
        "Close other programs, set the variable PIP_NO_CACHE_DIR=1, and run it again.",
    ),
    (
        r"(Failed building wheel for|Failed to build|subprocess-exited-with-error\W+)"
        r"\s*(?P<package>[\w.\-]*)",
        "The package '{package}' has no ready-made build here, and building it failed.",
        "Try another Python (3.11 to 3.13), for which there are ready-made builds, for example\n"
        "    python3.12 start.py",
    ),
)


def diagnose(log: str) -> str:
    """The cause and the remedy, for the output of a pip run that failed."""
    errors = "\n".join(line for line in log.splitlines() if line.lstrip().startswith("ERROR"))
    if "(from versions: none)" in errors:
        errors = ""  # the server has no such package, or was not reached: the warnings know which
    for text in (errors, log):
        for pattern, cause, remedy in _REMEDIES:
            found = re.search(pattern, text)
            if found:
                package = found.groupdict().get("package") or "a package"
                python = "{}.{}".format(*sys.version_info[:2])
                return f"{cause.format(package=package, python=python)}\n{remedy}"
    return (
        "The installation failed for a reason that start.py does not know.\n"
        "Run the same command again: it goes on where it stopped. If it fails again, delete the\n"
        "folder .venv and start afresh, or send the lines above to your instructor."
    )
