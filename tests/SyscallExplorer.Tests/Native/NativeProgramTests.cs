using System.Buffers.Binary;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>The programs that the kit writes for the host, and what it takes from them.</summary>
public sealed class NativeProgramTests
{
    [Theory]
    [InlineData(64, 2, 62, 24, 54, 56)]
    [InlineData(32, 1, 3, 24, 42, 32)]
    public void A_written_program_has_the_header_of_its_word_size(int bitness, int elfClass, int machine, int entryAt, int entrySizeAt, int entrySize)
    {
        byte[] code = [0x90, 0xC3];
        byte[] file = ElfProgramWriter.Write(bitness, code, 0x1000_0000, [new ZeroSegment(0x2000_0000, 0x4000)]);
        int Half(int at) => BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at));
        int Int32(int at) => BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at));
        Assert.Equal(new byte[] { 0x7F, (byte)'E', (byte)'L', (byte)'F', (byte)elfClass, 1, 1 }, file[..7]);
        Assert.Equal((2, machine), (Half(16), Half(18)));
        Assert.Equal(0x1000_0000, Int32(entryAt));
        Assert.Equal((entrySize, 3), (Half(entrySizeAt), Half(entrySizeAt + 2)));
        Assert.Equal(code, file[0x1000..]);
        int headers = bitness == 64 ? 64 : 52, rightsAt = bitness == 64 ? 4 : 24;
        Assert.Equal([5, 6, 6], Enumerable.Range(0, 3).Select(index => Int32(headers + (index * entrySize) + rightsAt)));
    }

    [Fact]
    public void What_a_child_wrote_is_read_series_by_series()
    {
        ChildOutput output = ChildOutput.TryRead(Output(rounds: 3), out string? problem)!;
        Assert.Null(problem);
        Assert.Equal([1, 2, 3], output.Chain);
        Assert.Equal([1001, 1002, 1003], output.Control);
        Assert.Equal([2001, 2002, 2003], output.Subject);
    }

    [Fact]
    public void A_round_in_which_the_clock_went_back_is_left_out()
    {
        byte[] bytes = Output(rounds: 3);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(ChildLayout.SeriesAt + ChildLayout.SeriesSize + 8), -5);
        Assert.Equal([2001, 2003], ChildOutput.TryRead(bytes, out _)!.Subject);
    }

    [Fact]
    public void Output_that_no_child_of_the_kit_writes_is_refused_with_a_sentence()
    {
        Assert.Contains("0 bytes", Problem([]), StringComparison.Ordinal);
        Assert.Contains("6273 bytes", Problem(new byte[ChildLayout.OutputSize + 1]), StringComparison.Ordinal);
        Assert.Contains("mark", Problem(new byte[ChildLayout.OutputSize]), StringComparison.Ordinal);
        Assert.Contains("0 rounds", Problem(Output(rounds: 0)), StringComparison.Ordinal);
        Assert.Contains("257 rounds", Problem(Output(rounds: 257)), StringComparison.Ordinal);
        byte[] still = Output(rounds: 2);
        still.AsSpan(ChildLayout.SeriesAt).Clear();
        Assert.Contains("stands still", Problem(still), StringComparison.Ordinal);
    }

    [Fact]
    public void Random_output_never_throws()
    {
        var random = new Random(1);
        for (int i = 0; i < 200; i++)
        {
            byte[] bytes = new byte[ChildLayout.OutputSize];
            random.NextBytes(bytes);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(ChildLayout.MagicAt), ChildLayout.Magic);
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(ChildLayout.RoundsAt), random.Next(300));
            Assert.True((ChildOutput.TryRead(bytes, out string? problem) is null) == (problem is not null));
        }
    }

    [Theory]
    [InlineData(new byte[] { 0x51, 0x52, 0x55, 0x89, 0xE5, 0x0F, 0x34, 0xCD, 0x80 }, EntryPath.Sysenter)]
    [InlineData(new byte[] { 0x51, 0x52, 0x55, 0x89, 0xCD, 0x0F, 0x05, 0xCD, 0x80 }, EntryPath.SyscallCompat)]
    [InlineData(new byte[] { 0x51, 0x52, 0x55, 0xCD, 0x80, 0xC3 }, EntryPath.Int80)]
    [InlineData(new byte[] { 0x51, 0xC3, 0x0F, 0x34 }, null)]
    public void The_code_of_the_vsyscall_stub_tells_the_way_in(byte[] code, EntryPath? path) => Assert.Equal(path, KernelStub.PathOf(code));

    [SkippableFact]
    public void No_folder_to_execute_in_is_a_sentence_that_names_all_that_were_tried()
    {
        Skip.IfNot(NativeSession.WhyNotHere() is null, NativeSession.WhyNotHere());
        Assert.Null(ExecutableFolder.TryMake(["/nowhere/at/all", "/proc/self"], out string? problem, default));
        Assert.Contains("/nowhere/at/all", problem, StringComparison.Ordinal);
        Assert.Contains("/proc/self", problem, StringComparison.Ordinal);
    }

    private static string Problem(byte[] bytes)
    {
        Assert.Null(ChildOutput.TryRead(bytes, out string? problem));
        return problem!;
    }

    private static byte[] Output(int rounds)
    {
        byte[] bytes = new byte[ChildLayout.OutputSize];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(ChildLayout.MagicAt), ChildLayout.Magic);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(ChildLayout.RoundsAt), rounds);
        for (int series = 0; series < ChildLayout.SeriesCount; series++)
        {
            for (int round = 0; round < ChildLayout.MaxRounds; round++)
                BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(ChildLayout.SeriesAt + (series * ChildLayout.SeriesSize) + (round * 8)), (series * 1000) + round + 1);
        }

        return bytes;
    }
}
