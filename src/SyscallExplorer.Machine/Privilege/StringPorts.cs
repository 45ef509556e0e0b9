using System.Numerics;
using System.Runtime.CompilerServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>INS and OUTS, alone and under REP. SDM vol. 2A, INS; vol. 2B, OUTS; vol. 1, 19.5. The port is checked before memory, at each element.</summary>
internal static unsafe class StringPorts
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Insb_m8_DX, &Repeat<byte, InputRule>);
        table.One(Code.Insw_m16_DX, &Repeat<ushort, InputRule>);
        table.One(Code.Insd_m32_DX, &Repeat<uint, InputRule>);
        table.One(Code.Outsb_DX_m8, &Repeat<byte, OutputRule>);
        table.One(Code.Outsw_DX_m16, &Repeat<ushort, OutputRule>);
        table.One(Code.Outsd_DX_m32, &Repeat<uint, OutputRule>);
    }

    /// <summary>AMD's processors look at the port even when the count is 0; the manuals do not say so.</summary>
    private static Outcome Repeat<T, TRule>(Processor cpu, Operation op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TRule : struct, IStringRule =>
        cpu.Model.Vendor == CpuVendor.Amd && !cpu.MayUsePort(Port(cpu), Unsafe.SizeOf<T>()) ? Outcome.Fault : Strings.Repeat<T, TRule>(cpu, op);

    private static ushort Port(Processor cpu) => (ushort)cpu.S.Gpr[(int)Gpr.Rdx];

    private readonly struct InputRule : IStringRule
    {
        /// <summary>The destination is known to be writable before the device is asked, since what it gave could not be given back.</summary>
        public static bool Step<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            ulong offset = AddressSize.Read(cpu, op, Gpr.Rdi);
            int size = Unsafe.SizeOf<T>();
            if (!cpu.MayUsePort(Port(cpu), size) || !cpu.CanWriteSegment(SegmentName.ES, offset, size))
                return false;
            if (!cpu.WriteSegment(SegmentName.ES, offset, T.CreateTruncating(cpu.ReadPort(Port(cpu), size))))
                return false;
            Strings.Advance<T>(cpu, op, Gpr.Rdi);
            return true;
        }
    }

    private readonly struct OutputRule : IStringRule
    {
        public static bool Step<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        {
            if (!cpu.MayUsePort(Port(cpu), Unsafe.SizeOf<T>()) || !Strings.ReadSource(cpu, op, out T value))
                return false;
            cpu.WritePort(Port(cpu), Unsafe.SizeOf<T>(), uint.CreateTruncating(value));
            Strings.Advance<T>(cpu, op, Gpr.Rsi);
            return true;
        }
    }
}
