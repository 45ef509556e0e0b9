using System.Buffers.Binary;

namespace SyscallExplorer;

/// <summary>What a child wrote, after it was checked.</summary>
/// <param name="Result">What the subject left in RAX at last.</param>
/// <param name="Cpu">The CPU it wanted to stay on.</param>
/// <param name="IsPinned">Whether the kernel let it.</param>
/// <param name="Auxiliary">The word of the auxiliary vector that it looked for; 0 when there is none.</param>
/// <param name="Stub">The code of <c>__kernel_vsyscall</c>, when it looked for that.</param>
/// <param name="Chain">Ticks of the chain of known length, a value for each round.</param>
/// <param name="Control">Ticks of the loop without its subject.</param>
/// <param name="Subject">Ticks of the loop with it.</param>
internal sealed record ChildOutput(
    long Result, int Cpu, bool IsPinned, ulong Auxiliary, ReadOnlyMemory<byte> Stub, IReadOnlyList<long> Chain, IReadOnlyList<long> Control, IReadOnlyList<long> Subject)
{
    /// <summary>No batch takes so long: what says it does comes from a clock that went back.</summary>
    private const ulong Implausible = 1ul << 40;

    /// <summary>Reads the output. Whatever the child wrote, this ends well: with an output, or with a sentence.</summary>
    /// <param name="bytes">All it wrote.</param>
    /// <param name="problem">What is wrong with it, or null.</param>
    public static ChildOutput? TryRead(ReadOnlySpan<byte> bytes, out string? problem)
    {
        if (bytes.Length != ChildLayout.OutputSize)
        {
            problem = $"the measuring program wrote {bytes.Length} bytes and not {ChildLayout.OutputSize}";
            return null;
        }

        if (Word(bytes, ChildLayout.MagicAt) != ChildLayout.Magic)
        {
            problem = "what the measuring program wrote does not begin with its mark";
            return null;
        }

        ulong rounds = Word(bytes, ChildLayout.RoundsAt);
        if (rounds is 0 or > ChildLayout.MaxRounds)
        {
            problem = $"the measuring program says that it has measured {rounds} rounds; it measures 1 to {ChildLayout.MaxRounds}";
            return null;
        }

        var series = new List<long>[] { [], [], [] };
        for (int round = 0; round < (int)rounds; round++)
        {
            ulong[] times = TimesOf(bytes, round);
            if (times.Any(time => time is 0 or > Implausible))
                continue;
            for (int index = 0; index < times.Length; index++)
                series[index].Add((long)times[index]);
        }

        if (series[0].Count == 0)
        {
            problem = "in no round did the time-stamp counter go forward: it stands still, or the CPUs disagree about it";
            return null;
        }

        problem = null;
        return new ChildOutput(
            (long)Word(bytes, ChildLayout.ResultAt), (int)(uint)Word(bytes, ChildLayout.CpuAt), (uint)Word(bytes, ChildLayout.PinningAt) == 0,
            Word(bytes, ChildLayout.AuxiliaryAt), bytes.Slice(ChildLayout.StubAt, ChildLayout.StubSize).ToArray(),
            series[ChildLayout.ChainSeries], series[ChildLayout.ControlSeries], series[ChildLayout.SubjectSeries]);
    }

    private static ulong[] TimesOf(ReadOnlySpan<byte> bytes, int round)
    {
        ulong[] times = new ulong[ChildLayout.SeriesCount];
        for (int series = 0; series < times.Length; series++)
            times[series] = Word(bytes, ChildLayout.SeriesAt + (series * ChildLayout.SeriesSize) + (round * 8));
        return times;
    }

    private static ulong Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);
}
