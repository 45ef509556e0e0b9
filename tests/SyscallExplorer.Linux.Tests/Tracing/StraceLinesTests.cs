using Xunit;

namespace SyscallExplorer.Linux.Tests;

/// <summary>What is left out when two logs are compared, and what is not.</summary>
public sealed class StraceLinesTests
{
    private static IReadOnlyList<IReadOnlyList<string>> ByTask(bool betweenMarkers, params string[] lines) =>
        StraceLines.ByTask(string.Join('\n', lines), betweenMarkers);

    [Fact]
    public void Interrupted_lines_are_joined_and_addresses_become_tokens()
    {
        IReadOnlyList<IReadOnlyList<string>> tasks = ByTask(false,
            "100 mmap(NULL, 1, 0, 0, 3, 0)       = 0x7f0000001000",
            "100 fork( <unfinished ...>",
            "101 write(1, \"0x7f0000001000\", 5)   = 5",
            "100 <... fork resumed>)             = 101",
            "100 munmap(0x7f0000001000, 1)       = 0",
            "100 kill(101, SIGTERM)              = 0");
        Assert.Equal(["mmap(NULL, 1, 0, 0, 3, 0) = A1", "fork() = P2", "munmap(A1, 1) = 0", "kill(P2, SIGTERM) = 0"], tasks[0]);
        Assert.Equal(["write(1, \"0x7f0000001000\", 5) = 5"], tasks[1]);
    }

    [Fact]
    public void Small_numbers_of_tasks_leave_other_numbers_alone() =>
        Assert.Equal(["close(1) = 0", "getpid() = P1", "lseek(3, 1, SEEK_SET) = 1"],
            ByTask(false, "1     close(1)   = 0", "1     getpid()   = 1", "1     lseek(3, 1, SEEK_SET) = 1")[0]);

    [Fact]
    public void Between_markers_the_start_of_the_program_is_left_out() =>
        Assert.Equal(["close(1) = 0"], ByTask(true, "5 brk(NULL) = 0x5000000", "5 getppid() = 1", "5 close(1) = 0", "5 getppid() = 1", "5 exit_group(0) = ?")[0]);

    [Fact]
    public void Another_text_stays_another_text() => Assert.NotEqual(
        ByTask(false, "5 fcntl(3, F_GETFL) = 0x8000 (flags O_RDONLY|O_LARGEFILE)")[0], ByTask(false, "5 fcntl(3, F_GETFL) = 0x8002 (flags O_RDWR|O_LARGEFILE)")[0]);
}
