using System.Buffers.Binary;
using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>Compares what the two sides ended with, but for what the manuals leave open.</summary>
internal static class StateComparer
{
    /// <summary>The first address that Linux does not give to programs (TASK_SIZE_MAX).</summary>
    private const ulong KernelAddresses = 0x7FFF_FFFF_F000;

    /// <summary>Bits of FIP and FDP that every processor keeps; newer ones keep 57, and extend the sign.</summary>
    private const ulong PointerMask = 0xFFFF_FFFF_FFFF;

    private const int FloatStack = 32;
    private const int Xmm = 160;
    private const int Ymm = 576;

    /// <summary>Bytes of the largest frame that an instruction pushes or pops: ENTER's aside, five words.</summary>
    private const int MaxFrame = 40;

    /// <summary>Selectors up to this name no descriptor.</summary>
    private const int LastNull = 3;

    /// <summary>FSW.C1, which follows from the last bit of a result.</summary>
    private const int RoundedUp = 1 << 9;

    /// <summary>FSW.ES.</summary>
    private const byte ExceptionSummary = 0x80;

    private static readonly string[] SelectorNames = ["DS", "ES", "FS", "GS", "CS", "SS"];

    /// <summary>Exceptions that have an error code.</summary>
    private const uint WithErrorCode = 1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17;

    /// <summary>Lists what differs; without a list it says only whether anything does.</summary>
    public static bool Equal(in CaseInput input, in Instruction instruction, EndState emulated, EndState native, ReadOnlySpan<byte> before, List<Difference>? list)
    {
        var found = new Collector(list);
        if (emulated.Kind == EndKind.Endless && native.Kind == EndKind.Endless)
            return true;
        if (emulated.Kind != native.Kind || emulated.Vector != native.Vector)
        {
            found.Add("end", Ending(emulated), Ending(native));
            return false;
        }

        bool completed = emulated.Kind == EndKind.Completed;
        ulong mask = input.Is64Bit ? ulong.MaxValue : uint.MaxValue;
        if (!completed)
        {
            // Linux says of every kernel address that it was present, to give nothing away.
            uint ignored = native.FaultAddress >= KernelAddresses ? PageFaultError.Protection : 0;
            if ((WithErrorCode >> emulated.Vector & 1) != 0 && ((emulated.ErrorCode ^ native.ErrorCode) & ~ignored) != 0)
                found.Add("error code", $"{emulated.ErrorCode:x}", $"{native.ErrorCode:x}");
            if (emulated.FaultAddress != native.FaultAddress && !IsWithinLargeOperand(instruction, emulated.FaultAddress, native.FaultAddress))
                found.Add("CR2", $"{emulated.FaultAddress:x}", $"{native.FaultAddress:x}");
            if (((emulated.Rip ^ native.Rip) & mask) != 0)
                found.Add("RIP", $"{emulated.Rip:x}", $"{native.Rip:x}");
        }

        UndefinedParts open = completed ? UndefinedResults.Of(instruction, input) : default;
        int registers = input.Is64Bit ? 16 : 8;

        // What the upper halves hold in 32-bit code is undefined, also after a far branch into it. SDM vol. 1, 3.4.1.1.
        if (native.Selectors[4] != UserSegments.Code64)
            (registers, mask) = (8, uint.MaxValue);
        for (int i = 0; i < registers; i++)
        {
            ulong different = (emulated.Registers[i] ^ native.Registers[i]) & mask;
            if (different != 0 && (open.Register != i || (different & ~open.RegisterMask) != 0))
                found.Add(((Gpr)i).ToString().ToUpperInvariant(), $"{emulated.Registers[i]:x}", $"{native.Registers[i]:x}");
        }

        if (((emulated.Flags ^ native.Flags) & ~open.Flags) != 0)
            found.Add("RFLAGS", $"{emulated.Flags:x}", $"{native.Flags:x}" + (open.Flags != 0 ? $" (undefined: {open.Flags:x})" : ""));
        for (int i = 0; i < SelectorNames.Length; i++)
        {
            // A return from an interrupt between clears the selectors that are NULL. SDM vol. 2A, IRET.
            if (emulated.Selectors[i] != native.Selectors[i] && (emulated.Selectors[i] | native.Selectors[i]) > LastNull)
                found.Add(SelectorNames[i], $"{emulated.Selectors[i]:x}", $"{native.Selectors[i]:x}");
        }

        if (((emulated.FsBase ^ native.FsBase) & mask) != 0)
            found.Add("FS base", $"{emulated.FsBase:x}", $"{native.FsBase:x}");
        if (((emulated.GsBase ^ native.GsBase) & mask) != 0)
            found.Add("GS base", $"{emulated.GsBase:x}", $"{native.GsBase:x}");
        CompareImages(emulated.Image, native.Image, open, Tolerance.Of(instruction), ref found);
        CompareData(emulated, native, before, ref found);
        return !found.Any;
    }

    /// <summary>Of an operand that takes many accesses, the processor chooses which comes first, and so which faults.</summary>
    private static bool IsWithinLargeOperand(in Instruction instruction, ulong emulated, ulong native)
    {
        int size = instruction.MemorySize.GetInfo().Size;
        return (size > 32 || instruction.MemorySize is MemorySize.FpuEnv14 or MemorySize.FpuEnv28 || instruction.IsStackInstruction)
            && (emulated > native ? emulated - native : native - emulated) < (ulong)Math.Max(size, MaxFrame);
    }

    private static void CompareImages(ReadOnlySpan<byte> emulated, ReadOnlySpan<byte> native, in UndefinedParts open, in Tolerance tolerance, ref Collector found)
    {
        if (emulated[32..416].SequenceEqual(native[32..416]) && emulated[Ymm..].SequenceEqual(native[Ymm..]) && emulated[..28].SequenceEqual(native[..28]))
            return;
        CompareWord("FCW", emulated, native, 0, 0xFFFF, ref found);
        CompareWord("FSW", emulated, native, 2, (ushort)~(open.StatusWord | (tolerance.ExtendedUlps != 0 ? RoundedUp : 0)), ref found);
        CompareWord("FTW (abridged)", emulated, native, 4, 0xFF, ref found);
        if (HostProcessor.SavesPointersAlways || (native[2] & ExceptionSummary) != 0)
        {
            CompareWord("FOP", emulated, native, 6, 0x7FF, ref found);
            CompareWide("FIP", emulated, native, 8, ref found);
            CompareWide("FDP", emulated, native, 16, ref found);
        }

        uint emulatedControl = BinaryPrimitives.ReadUInt32LittleEndian(emulated[24..]), nativeControl = BinaryPrimitives.ReadUInt32LittleEndian(native[24..]);
        if (emulatedControl != nativeControl)
            found.Add("MXCSR", $"{emulatedControl:x}", $"{nativeControl:x}");
        for (int i = 0; i < 8; i++)
        {
            int at = FloatStack + i * 16;
            if (!emulated.Slice(at, 10).SequenceEqual(native.Slice(at, 10)) && !tolerance.AllowsExtended(emulated.Slice(at, 10), native.Slice(at, 10)))
                found.Add($"ST({i})", Hex(emulated.Slice(at, 10)), Hex(native.Slice(at, 10)));
        }

        for (int i = 0; i < 16; i++)
        {
            int low = Xmm + i * 16, high = Ymm + i * 16;
            if (!tolerance.AllowsSingles(emulated.Slice(low, 16), native.Slice(low, 16)) || !tolerance.AllowsSingles(emulated.Slice(high, 16), native.Slice(high, 16)))
                found.Add($"YMM{i}", Hex(emulated.Slice(high, 16)) + "_" + Hex(emulated.Slice(low, 16)), Hex(native.Slice(high, 16)) + "_" + Hex(native.Slice(low, 16)));
        }
    }

    private static void CompareData(EndState emulated, EndState native, ReadOnlySpan<byte> before, ref Collector found)
    {
        if (!emulated.DataChanged && !native.DataChanged)
            return;
        ReadOnlySpan<byte> ours = emulated.DataChanged ? emulated.Data : before;
        ReadOnlySpan<byte> theirs = native.DataChanged ? native.Data : before;
        for (int at = ours.CommonPrefixLength(theirs); at < ours.Length; at += ours[at..].CommonPrefixLength(theirs[at..]))
        {
            int end = at + 1;
            while (end < ours.Length && end < at + 32 && !ours[end..].StartsWith(theirs.Slice(end, Math.Min(8, ours.Length - end))))
                end++;
            found.Add($"memory at {WorkerLayout.Data + (ulong)at:x}", Hex(ours[at..end], reversed: false), Hex(theirs[at..end], reversed: false));
            at = end;
        }
    }

    private static void CompareWord(string name, ReadOnlySpan<byte> emulated, ReadOnlySpan<byte> native, int offset, ushort mask, ref Collector found)
    {
        ushort ours = BinaryPrimitives.ReadUInt16LittleEndian(emulated[offset..]), theirs = BinaryPrimitives.ReadUInt16LittleEndian(native[offset..]);
        if (((ours ^ theirs) & mask) != 0)
            found.Add(name, $"{ours & mask:x}", $"{theirs & mask:x}");
    }

    private static void CompareWide(string name, ReadOnlySpan<byte> emulated, ReadOnlySpan<byte> native, int offset, ref Collector found)
    {
        ulong ours = BinaryPrimitives.ReadUInt64LittleEndian(emulated[offset..]), theirs = BinaryPrimitives.ReadUInt64LittleEndian(native[offset..]);
        if (((ours ^ theirs) & PointerMask) != 0)
            found.Add(name, $"{ours:x}", $"{theirs:x}");
    }

    private static string Ending(EndState state) => state.Kind switch
    {
        EndKind.Fault => $"#{ExceptionNames.Mnemonic((Vector)state.Vector)}({state.ErrorCode:x}) at {state.Rip:x}" + (state.Vector == (int)Vector.PageFault ? $", CR2 {state.FaultAddress:x}" : ""),
        EndKind.Completed => "completed",
        EndKind.Endless => "endless",
        _ => "not supported",
    };

    /// <summary>A register as a number, memory as bytes.</summary>
    private static string Hex(ReadOnlySpan<byte> bytes, bool reversed = true)
    {
        byte[] copy = bytes.ToArray();
        if (reversed)
            Array.Reverse(copy);
        return Convert.ToHexStringLower(copy);
    }

    private ref struct Collector(List<Difference>? list)
    {
        public bool Any { get; private set; }

        public void Add(string what, string emulated, string native)
        {
            Any = true;
            list?.Add(new Difference(what, emulated, native));
        }
    }
}
