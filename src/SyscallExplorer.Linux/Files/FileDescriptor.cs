namespace SyscallExplorer.Linux;

/// <summary>A file descriptor.</summary>
/// <param name="File">The open file behind it.</param>
/// <param name="CloseOnExec">FD_CLOEXEC.</param>
internal sealed record FileDescriptor(int File, bool CloseOnExec);
