using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>What epoll_create opens.</summary>
/// <param name="Epoll">Which epoll.</param>
internal sealed record EpollFile(int Epoll) : FileObject
{
    public override FileOperations Operations => EpollFileOperations.Instance;
}

/// <summary>An epoll is readable when it has something to tell; so it can be watched itself.</summary>
internal sealed class EpollFileOperations : FileOperations
{
    public static EpollFileOperations Instance { get; } = new();

    public override int Poll(LinuxMachine machine, OpenFile file) =>
        machine.Epolls.IsReady(NumberOf(file)) ? PollEvents.Input | PollEvents.NormalRead : 0;

    public override ImmutableArray<WaitKey> WaitKeys(LinuxMachine machine, OpenFile file, int events) => [ReadinessKeys.Input(NumberOf(file))];

    public override string Describe(LinuxMachine machine, FileObject file) => "anon_inode:[eventpoll]";

    public override void Released(LinuxMachine machine, OpenFile file) => machine.Epolls.Remove(NumberOf(file));

    private static int NumberOf(OpenFile file) => ((EpollFile)file.Object).Epoll;
}
