namespace SyscallExplorer;

/// <summary>A way from a program into the kernel and back. With FRED the way back is ERETU for all of them.</summary>
public enum EntryPath
{
    /// <summary><c>int $0x80</c> in a 32-bit program; back by IRET.</summary>
    Int80,

    /// <summary>SYSENTER in a 32-bit program through <c>__kernel_vsyscall</c>; back by SYSRETL. Intel only on a 64-bit kernel; with FRED the program's own instruction.</summary>
    Sysenter,

    /// <summary>SYSCALL in a 64-bit program; back by SYSRET.</summary>
    Syscall,

    /// <summary>SYSCALL in a 32-bit program through <c>__kernel_vsyscall</c>; back by SYSRETL. AMD only.</summary>
    SyscallCompat,

    /// <summary><c>int $0x80</c> in a 64-bit program: the 32-bit table's call with 64-bit registers cut off.</summary>
    Int80From64Bit,
}
