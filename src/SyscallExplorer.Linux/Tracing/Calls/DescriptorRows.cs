using System.Collections.Immutable;
using static SyscallExplorer.Linux.Scalars;
using static SyscallExplorer.Linux.Texts;

namespace SyscallExplorer.Linux;

/// <summary>Calls on open files.</summary>
internal static class DescriptorRows
{
    private static readonly ArgumentKind s_openFlags = Flags(FileWords.Open);

    public static ImmutableArray<CallRow> All { get; } =
    [
        new("read", Int, Output, Size),
        new("write", Int, Input(2), Size),
        new("pread64", Int, Output, Size, Wide),
        new("pwrite64", Int, Input(2), Size, Wide),
        new("readv", Int, VectorArguments.Output, Size),
        new("writev", Int, VectorArguments.Input, Size),
        new("preadv", Int, VectorArguments.Output, Size, Halves),
        new("pwritev", Int, VectorArguments.Input, Size, Halves),
        new("preadv2", Int, VectorArguments.Output, Size, Halves, Flags(FileWords.ReadWrite)),
        new("pwritev2", Int, VectorArguments.Input, Size, Halves, Flags(FileWords.ReadWrite)),
        new("close", Int),
        new("close_range", UInt, UInt, Flags(FileWords.CloseRange)),
        new("fstat", Int, FileStatusArguments.Stat),
        new("fstatfs", Int, FileStatusArguments.FileSystem),
        new("lseek", Int, Long, Value(FileWords.Whence)),
        new("dup", Int),
        new("dup2", Int, Int),
        new("dup3", Int, Int, s_openFlags),
        new("pipe", VectorArguments.Pair),
        new("pipe2", VectorArguments.Pair, s_openFlags),
        new("fcntl") { Choose = DescriptorArguments.Choose, Result = DescriptorArguments.WriteResult },
        new("ioctl") { Choose = DeviceArguments.Choose },
        new("flock", Int, Flags(FileWords.Flock)),
        new("fsync", Int),
        new("fdatasync", Int),
        new("syncfs", Int),
        new("sync"),
        new("ftruncate", Int, Size),
        new("fallocate", Int, Flags(FileWords.Allocation), Wide, Wide),
        new("fadvise64", Int, Wide, Size, Value(FileWords.Advice)),
        new("readahead", Int, Wide, Size),
        new("sync_file_range", Int, Wide, Wide, Flags(FileWords.SyncRange)),
        new("getdents", Int, FileStatusArguments.Entries32, UInt),
        new("getdents64", Int, FileStatusArguments.Entries64, UInt),
        new("fchdir", Int),
        new("fchmod", Int, Mode),
        new("fchown", Int, User, User),
        new("sendfile", Int, Int, VectorArguments.Offset, Size),
        new("copy_file_range", Int, VectorArguments.InWideOffset, Int, VectorArguments.InWideOffset, Size, UInt),
        new("splice", Int, VectorArguments.InWideOffset, Int, VectorArguments.InWideOffset, Size, Flags(FileWords.Splice)),
        new("tee", Int, Int, Size, Flags(FileWords.Splice)),
        new("vmsplice", Int, VectorArguments.Input, Size, Flags(FileWords.Splice)),
        new("eventfd", UInt),
        new("eventfd2", UInt, Flags(FileWords.EventDescriptor)),
        new("signalfd", Int, SignalArguments.Set(2), Size),
        new("signalfd4", Int, SignalArguments.Set(2), Size, Flags(FileWords.SignalDescriptor)),
    ];
}
