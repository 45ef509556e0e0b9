using System.Security.Cryptography;

namespace SyscallExplorer.Machine.Tests;

/// <summary>What can be seen of a processor and its memory, as one value to compare.</summary>
internal static class ObservableState
{
    /// <param name="cpu">The processor.</param>
    /// <param name="origin">The memory that it was forked from, whose frames need no look where they are still shared.</param>
    public static string Of(Processor cpu, PhysicalMemory? origin = null)
    {
        ProcessorRegisters r = cpu.Registers;
        IEnumerable<string> words =
        [
            .. Enum.GetValues<Gpr>().Select(register => $"{register}={r[register]:x}"),
            .. Enum.GetValues<SegmentName>().Select(name => $"{name}={r[name]}"),
            $"rip={r.Rip:x} flags={r.Flags:x} cr0={r.ControlRegister0:x} cr2={r.ControlRegister2:x} cr3={r.ControlRegister3:x} cr4={r.ControlRegister4:x}",
            $"gdtr={r.Gdtr} idtr={r.Idtr} tr={r.TaskRegister} ldtr={r.LocalDescriptorTable} kgs={r.KernelGsBase:x} dr6={r.Debug(6):x}",
            $"apic={RandomApic.Of(cpu)}",
            $"clock={cpu.Clock} instructions={cpu.InstructionCount} memory={HashOf(cpu.Bus.Ram, origin)}",
        ];
        return string.Join('\n', words);
    }

    private static string HashOf(PhysicalMemory ram, PhysicalMemory? origin)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (ulong frame = 0; frame < (ulong)ram.Size; frame += PhysicalMemory.FrameSize)
        {
            byte[] bytes = ram.FrameForRead(frame);
            if (origin is null ? bytes.AsSpan().IndexOfAnyExcept((byte)0) < 0 : ReferenceEquals(bytes, origin.FrameForRead(frame)))
                continue;
            hash.AppendData(BitConverter.GetBytes(frame));
            hash.AppendData(bytes);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
