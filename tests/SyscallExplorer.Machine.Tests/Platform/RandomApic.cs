namespace SyscallExplorer.Machine.Tests;

/// <summary>A local APIC in some state that software can bring it into.</summary>
internal static class RandomApic
{
    /// <summary>Brings it back to where a reset leaves it.</summary>
    public static void Reset(Processor cpu)
    {
        ulong enabled = cpu.Registers.ReadMsr(Msr.ApicBase) & ~ApicBits.ExtendedMode | ApicBits.GlobalEnable;
        cpu.Registers.WriteMsr(Msr.ApicBase, enabled & ~ApicBits.GlobalEnable);
        cpu.Registers.WriteMsr(Msr.ApicBase, enabled);
    }

    public static void Program(Random random, Processor cpu)
    {
        Reset(cpu);
        bool extended = random.Next(2) == 0;
        if (extended)
            cpu.Registers.WriteMsr(Msr.ApicBase, cpu.Registers.ReadMsr(Msr.ApicBase) | ApicBits.ExtendedMode);

        void Write(ApicRegister register, uint value)
        {
            if (extended)
                cpu.Registers.WriteMsr(Msr.X2Apic(register), value);
            else
                cpu.LocalApic.WriteMemory((int)register, sizeof(uint), value);
        }

        Write(ApicRegister.SpuriousVector, ApicBits.SoftwareEnable | 0xFF);
        Write(ApicRegister.TaskPriority, random.Next(2) == 0 ? 0 : (uint)random.Next(256));
        Write(ApicRegister.LocalError, VectorOf(random));
        Write(ApicRegister.DivideConfiguration, (uint)random.Next(16) & 0xB);
        bool deadline = cpu.Model.Has(CpuFeature.TscDeadlineTimer) && random.Next(3) == 0;
        Write(ApicRegister.LocalTimer, VectorOf(random) | (deadline ? ApicBits.TscDeadline : random.Next(2) == 0 ? ApicBits.Periodic : 0));
        if (deadline)
            cpu.Registers.WriteMsr(Msr.TscDeadline, (ulong)random.Next(1 << 10));
        Write(ApicRegister.InitialCount, (uint)random.Next(20));
        for (int i = random.Next(4); i > 0; i--)
            cpu.LocalApic.Request(VectorOf(random), random.Next(2) == 0);
    }

    /// <summary>Sometimes one of an exception, or an illegal one.</summary>
    private static byte VectorOf(Random random) => (byte)random.Next(random.Next(16) == 0 ? 0 : 32, 256);

    /// <summary>What can be seen of it.</summary>
    public static string Of(Processor cpu)
    {
        IEnumerable<ApicRegister> registers = Enumerable.Range(2, 62).Select(number => (ApicRegister)(number * 16));
        return $"{cpu.LocalApic.Mode} {string.Join(' ', registers.Select(cpu.LocalApic.Read))} next={cpu.LocalApic.NextClock}";
    }
}
