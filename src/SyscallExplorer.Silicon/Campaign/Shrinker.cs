using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>Reduces a case that differs to what it takes to differ.</summary>
internal sealed class Shrinker(SiliconRunner runner)
{
    private const int Rounds = 3;
    private const int SmallestRun = 1;

    /// <summary>A case of the same form that still differs, with as much as possible at its default.</summary>
    public SiliconCase Shrink(SiliconCase found, Code code)
    {
        SiliconCase best = found.Clone();
        if (!Differs(best, code))
            return found;
        for (int round = 0; round < Rounds; round++)
        {
            string before = best.ToString();
            best = ShrinkOnce(best, code);
            if (best.ToString() == before)
                break;
        }

        return best;
    }

    private SiliconCase ShrinkOnce(SiliconCase best, Code code)
    {
        var plain = new SiliconCase();
        void Try(Action<SiliconCase> change)
        {
            SiliconCase smaller = best.Clone();
            change(smaller);
            if (Differs(smaller, code))
                best = smaller;
        }

        Try(c => c.Address = plain.Address);
        for (int i = 0; i < best.Code.Length && InstructionPrefixes.IsLegacy(best.Code[i]); i++)
        {
            int at = i;
            Try(c => c.Code = [.. c.Code[..at], .. c.Code[(at + 1)..]]);
        }

        Clear(0, WorkerLayout.ImageSize, (c, at, length) => plain.Image.AsSpan(at, length).CopyTo(c.Image.AsSpan(at)), c => c.Image);
        Clear(0, WorkerLayout.DataSize, (c, at, length) => c.Data.AsSpan(at, length).Clear(), c => c.Data);
        for (int i = 0; i < 16; i++)
        {
            int register = i;
            if (best.Registers[i] != 0)
                Try(c => c.Registers[register] = 0);
            if (best.Registers[i] > uint.MaxValue)
                Try(c => c.Registers[register] = (uint)c.Registers[register]);
        }

        for (int bit = 0; bit < 22; bit++)
        {
            ulong flag = 1ul << bit;
            if ((best.Flags & ~plain.Flags & flag) != 0)
                Try(c => c.Flags &= ~flag);
        }

        Try(c => c.DataSelector = plain.DataSelector);
        Try(c => c.FsBase = 0);
        Try(c => c.GsBase = 0);
        return best;

        // Halves what is not yet at its default, down to single bytes.
        void Clear(int start, int length, Action<SiliconCase, int, int> clear, Func<SiliconCase, byte[]> bytes)
        {
            if (bytes(best).AsSpan(start, length).SequenceEqual(bytes(plain).AsSpan(start, length)))
                return;
            string before = best.ToString();
            Try(c => clear(c, start, length));
            if (best.ToString() != before || length <= SmallestRun)
                return;
            int half = length / 2;
            Clear(start, half, clear, bytes);
            Clear(start + half, length - half, clear, bytes);
        }
    }

    private bool Differs(SiliconCase which, Code code) =>
        SiliconComparison.Compare(runner, which, out Instruction instruction).Count > 0 && instruction.Code == code;
}
