namespace SyscallExplorer.Linux;

/// <summary>Error numbers, which system calls return negated.</summary>
public static class Errno
{
    /// <summary>MAX_ERRNO: no error has a higher number.</summary>
    public const int MAX_ERRNO = 4095;

    /// <summary>Operation not permitted.</summary>
    public const int EPERM = 1;

    /// <summary>No such file or directory.</summary>
    public const int ENOENT = 2;

    /// <summary>No such process.</summary>
    public const int ESRCH = 3;

    /// <summary>Interrupted by a signal.</summary>
    public const int EINTR = 4;

    /// <summary>Input or output error.</summary>
    public const int EIO = 5;

    /// <summary>No such device or address.</summary>
    public const int ENXIO = 6;

    /// <summary>Argument list too long.</summary>
    public const int E2BIG = 7;

    /// <summary>Executable format error.</summary>
    public const int ENOEXEC = 8;

    /// <summary>Bad file descriptor.</summary>
    public const int EBADF = 9;

    /// <summary>No child processes.</summary>
    public const int ECHILD = 10;

    /// <summary>Try again.</summary>
    public const int EAGAIN = 11;

    /// <summary>Out of memory.</summary>
    public const int ENOMEM = 12;

    /// <summary>Permission denied.</summary>
    public const int EACCES = 13;

    /// <summary>Bad address.</summary>
    public const int EFAULT = 14;

    /// <summary>Device or resource busy.</summary>
    public const int EBUSY = 16;

    /// <summary>File exists.</summary>
    public const int EEXIST = 17;

    /// <summary>A link between file systems.</summary>
    public const int EXDEV = 18;

    /// <summary>No such device.</summary>
    public const int ENODEV = 19;

    /// <summary>Not a directory.</summary>
    public const int ENOTDIR = 20;

    /// <summary>Is a directory.</summary>
    public const int EISDIR = 21;

    /// <summary>Invalid argument.</summary>
    public const int EINVAL = 22;

    /// <summary>Too many open files in the machine.</summary>
    public const int ENFILE = 23;

    /// <summary>Too many open files.</summary>
    public const int EMFILE = 24;

    /// <summary>Not a terminal.</summary>
    public const int ENOTTY = 25;

    /// <summary>The file of a running program.</summary>
    public const int ETXTBSY = 26;

    /// <summary>File too large.</summary>
    public const int EFBIG = 27;

    /// <summary>No space left on device.</summary>
    public const int ENOSPC = 28;

    /// <summary>Illegal seek.</summary>
    public const int ESPIPE = 29;

    /// <summary>Read-only file system.</summary>
    public const int EROFS = 30;

    /// <summary>Too many links.</summary>
    public const int EMLINK = 31;

    /// <summary>Broken pipe.</summary>
    public const int EPIPE = 32;

    /// <summary>Argument out of the function's domain.</summary>
    public const int EDOM = 33;

    /// <summary>Result too large.</summary>
    public const int ERANGE = 34;

    /// <summary>A deadlock would occur.</summary>
    public const int EDEADLK = 35;

    /// <summary>File name too long.</summary>
    public const int ENAMETOOLONG = 36;

    /// <summary>No more locks.</summary>
    public const int ENOLCK = 37;

    /// <summary>Function not implemented.</summary>
    public const int ENOSYS = 38;

    /// <summary>Directory not empty.</summary>
    public const int ENOTEMPTY = 39;

    /// <summary>Too many symbolic links.</summary>
    public const int ELOOP = 40;

    /// <summary>No data.</summary>
    public const int ENODATA = 61;

    /// <summary>Timer expired.</summary>
    public const int ETIME = 62;

    /// <summary>Value too large for its type.</summary>
    public const int EOVERFLOW = 75;

    /// <summary>A corrupted shared library.</summary>
    public const int ELIBBAD = 80;

    /// <summary>Not a socket.</summary>
    public const int ENOTSOCK = 88;

    /// <summary>No destination address.</summary>
    public const int EDESTADDRREQ = 89;

    /// <summary>Message too long.</summary>
    public const int EMSGSIZE = 90;

    /// <summary>The wrong type of protocol for a socket.</summary>
    public const int EPROTOTYPE = 91;

    /// <summary>No such option of the protocol.</summary>
    public const int ENOPROTOOPT = 92;

    /// <summary>Protocol not supported.</summary>
    public const int EPROTONOSUPPORT = 93;

    /// <summary>Socket type not supported.</summary>
    public const int ESOCKTNOSUPPORT = 94;

    /// <summary>Operation not supported.</summary>
    public const int EOPNOTSUPP = 95;

    /// <summary>Address family not supported.</summary>
    public const int EAFNOSUPPORT = 97;

    /// <summary>The address is in use.</summary>
    public const int EADDRINUSE = 98;

    /// <summary>The other end is gone.</summary>
    public const int ECONNRESET = 104;

    /// <summary>No room in buffers.</summary>
    public const int ENOBUFS = 105;

    /// <summary>Already connected.</summary>
    public const int EISCONN = 106;

    /// <summary>Not connected.</summary>
    public const int ENOTCONN = 107;

    /// <summary>Too many files on their way.</summary>
    public const int ETOOMANYREFS = 109;

    /// <summary>Timed out.</summary>
    public const int ETIMEDOUT = 110;

    /// <summary>Connection refused.</summary>
    public const int ECONNREFUSED = 111;

    /// <summary>The owner of a robust mutex has died.</summary>
    public const int EOWNERDEAD = 130;

    /// <summary>Something is still going on.</summary>
    public const int EINPROGRESS = 115;

    /// <summary>Within the kernel: the call starts anew, unless a handler without SA_RESTART ran.</summary>
    public const int ERESTARTSYS = 512;

    /// <summary>Within the kernel: the call starts anew.</summary>
    public const int ERESTARTNOINTR = 513;

    /// <summary>Within the kernel: the call starts anew unless a handler ran.</summary>
    public const int ERESTARTNOHAND = 514;

    /// <summary>Within the kernel: restart_syscall goes on with the call unless a handler ran.</summary>
    public const int ERESTART_RESTARTBLOCK = 516;
}
