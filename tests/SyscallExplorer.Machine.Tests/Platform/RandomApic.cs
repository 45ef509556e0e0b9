namespace SyscallExplorer.Machine.Tests;

/// <summary>A local APIC in some state that software can bring it into.</summary>
internal static class RandomApic
{
    public static void Program(Random random, Processor cpu)
    {
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
        Write(ApicRegister.LocalError, (uint)random.Next(256));
        Write(ApicRegister.DivideConfiguration, (uint)random.Next(16) & 0xB);
        bool deadline = cpu.Model.Has(CpuFeature.TscDeadlineTimer) && random.Next(3) == 0;
        Write(ApicRegister.LocalTimer, (uint)random.Next(256) | (deadline ? ApicBits.TscDeadline : random.Next(2) == 0 ? ApicBits.Periodic : 0));
        if (deadline)
            cpu.Registers.WriteMsr(Msr.TscDeadline, (ulong)random.Next(1 << 10));
        Write(ApicRegister.InitialCount, (uint)random.Next(20));
        for (int i = random.Next(4); i > 0; i--)
            cpu.LocalApic.Request((byte)random.Next(256), random.Next(2) == 0);
    }

    /// <summary>What can be seen of it.</summary>
    public static string Of(Processor cpu)
    {
        IEnumerable<ApicRegister> registers = Enumerable.Range(2, 62).Select(number => (ApicRegister)(number * 16));
        return $"{cpu.LocalApic.Mode} {string.Join(' ', registers.Select(cpu.LocalApic.Read))} next={cpu.LocalApic.NextClock}";
    }
}
