using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>What really runs on the host; no figure is compared with a number that a host might miss.</summary>
public sealed class NativeHereTests
{
    private static readonly NativeOptions s_quick = new() { Batches = 20, TimePerFigure = TimeSpan.FromMilliseconds(5) };

    [SkippableFact]
    public void The_host_is_measured_and_what_it_has_not_has_a_reason()
    {
        NativeMeasurement here = Native.Measure(s_quick);
        Skip.IfNot(here.IsAvailable, here.Unavailable);
        Assert.NotNull(here["syscall getpid"].Timing);
        Assert.NotNull(here["syscall unused"].Timing);
        Assert.Equal(here.Rows.Count, here.Rows.Select(row => row.Key).Distinct().Count());
        Assert.All(here.Rows, row => Assert.True(row.Status == NativeStatus.NotAvailable ? row.Timing is null && row.Reason is not null : row.MinTicks > 0 && row.MinTicks <= row.MedianTicks, row.Key));
        Assert.Equal(here.ToJson(), NativeMeasurement.FromJson(here.ToJson()).ToJson());
    }

    [SkippableFact]
    public void A_cancelled_measurement_throws_and_leaves_nothing_behind()
    {
        Skip.IfNot(NativeSession.WhyNotHere() is null, NativeSession.WhyNotHere());
        Assert.ThrowsAny<OperationCanceledException>(() => Native.Measure(s_quick, new CancellationToken(canceled: true)));
    }

    [SkippableFact]
    public void A_block_is_measured_or_says_why_not()
    {
        byte[] additions = [.. Enumerable.Repeat<byte[]>([0x48, 0x01, 0xC8], 1000).SelectMany(bytes => bytes)];
        IReadOnlyList<NativeBlockFigure> blocks = NativeBlocks.Measure(
        [
            additions,
            [0x48, 0x8B, 0x07, 0x48, 0x89, 0x46, 0x08, 0x48, 0x83, 0xC7, 0x10],
            [0x0F, 0x0B],
            [0x31, 0xC0, 0x48, 0x8B, 0x00],
            [0xEB, 0xFE],
            [0x0F, 0x05],
            [0xC3],
            [0xEB, 0x10],
            [0x06],
            [],
        ], s_quick);
        Skip.If(NativeSession.WhyNotHere() is not null || blocks[0].Reason?.Contains("noexec", StringComparison.Ordinal) == true, blocks[0].Reason);
        Assert.Null(blocks[0].Reason);
        Assert.True(blocks[0].Cycles > 0);
        Assert.Null(blocks[1].Reason);
        string[] reasons = ["SIGILL", "SIGSEGV", "SIGALRM", "enters the kernel", "leaves the block", "leaves the block", "no instruction", "1 to"];
        Assert.All(reasons.Zip(blocks.Skip(2)), pair => Assert.Contains(pair.First, pair.Second.Reason, StringComparison.Ordinal));
        Assert.All(blocks.Skip(2), block => Assert.Null(block.Cycles));
    }
}
