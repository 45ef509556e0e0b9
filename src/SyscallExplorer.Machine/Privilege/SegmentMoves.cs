using System.Numerics;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>MOV, PUSH and POP of segment registers, SWAPGS and the FS and GS base instructions. SDM vol. 2B, each under its name.</summary>
internal static unsafe class SegmentMoves
{
    public static void Register(InstructionTableBuilder table)
    {
        table.One(Code.Mov_Sreg_rm16, &Load);
        table.One(Code.Mov_Sreg_r32m16, &Load);
        table.One(Code.Mov_Sreg_r64m16, &Load);
        table.One(Code.Mov_rm16_Sreg, &Store<ushort>);
        table.One(Code.Mov_r32m16_Sreg, &Store<uint>);
        table.One(Code.Mov_r64m16_Sreg, &Store<ulong>);

        foreach (Code code in (ReadOnlySpan<Code>)[Code.Pushw_FS, Code.Pushw_GS, Code.Pushw_CS, Code.Pushw_DS, Code.Pushw_ES, Code.Pushw_SS])
            table.One(code, &Push<ushort>);
        foreach (Code code in (ReadOnlySpan<Code>)[Code.Pushd_FS, Code.Pushd_GS, Code.Pushd_CS, Code.Pushd_DS, Code.Pushd_ES, Code.Pushd_SS])
            table.One(code, &Push<uint>);
        table.One(Code.Pushq_FS, &Push<ulong>);
        table.One(Code.Pushq_GS, &Push<ulong>);
        foreach (Code code in (ReadOnlySpan<Code>)[Code.Popw_FS, Code.Popw_GS, Code.Popw_DS, Code.Popw_ES, Code.Popw_SS])
            table.One(code, &Pop<ushort>);
        foreach (Code code in (ReadOnlySpan<Code>)[Code.Popd_FS, Code.Popd_GS, Code.Popd_DS, Code.Popd_ES, Code.Popd_SS])
            table.One(code, &Pop<uint>);
        table.One(Code.Popq_FS, &Pop<ulong>);
        table.One(Code.Popq_GS, &Pop<ulong>);

        table.Every(Mnemonic.Lkgs, &LoadKernelGs);
        table.One(Code.Swapgs, &SwapGs);
        table.One(Code.Rdfsbase_r32, &ReadBase<uint, FsName>);
        table.One(Code.Rdfsbase_r64, &ReadBase<ulong, FsName>);
        table.One(Code.Rdgsbase_r32, &ReadBase<uint, GsName>);
        table.One(Code.Rdgsbase_r64, &ReadBase<ulong, GsName>);
        table.One(Code.Wrfsbase_r32, &WriteBase<uint, FsName>);
        table.One(Code.Wrfsbase_r64, &WriteBase<ulong, FsName>);
        table.One(Code.Wrgsbase_r32, &WriteBase<uint, GsName>);
        table.One(Code.Wrgsbase_r64, &WriteBase<ulong, GsName>);
    }

    private static Outcome Load(Processor cpu, Operation op)
    {
        var name = (SegmentName)op.Op0.Index;
        if (name == SegmentName.CS)
            return cpu.Raise(Vector.InvalidOpcode);
        if (!cpu.Read(op, op.Op1, out ushort selector) || !cpu.LoadSegment(name, selector))
            return Outcome.Fault;
        return AfterLoad(cpu, name);
    }

    /// <summary>
    /// Loading SS holds interrupts and debug exceptions back for one instruction: its own single-step trap is lost, a data breakpoint that it met
    /// comes after the next instruction. SDM vol. 3A, 6.8.3.
    /// </summary>
    private static Outcome AfterLoad(Processor cpu, SegmentName name)
    {
        if (name != SegmentName.SS)
            return Outcome.Next;
        cpu.S.Shadow = EventShadow.InterruptsAndDebug;
        cpu.SingleStepTrap = false;
        return Outcome.Resync;
    }

    private static Outcome Store<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>
    {
        ushort selector = cpu.S.Segments[op.Op1.Index].Selector;
        bool written = op.Op0.Kind == OperandKind.Memory
            ? cpu.WriteMemory(op, selector)
            : cpu.Write(op, op.Op0, T.CreateTruncating(selector));
        return written ? Outcome.Next : Outcome.Fault;
    }

    /// <summary>A push of 32 bits writes only the selector's 16 on Intel's processors, and zeros above it on AMD's. SDM vol. 2B, PUSH; APM vol. 3, PUSH.</summary>
    private static Outcome Push<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>
    {
        ushort selector = cpu.S.Segments[op.Op0.Index].Selector;
        int size = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        if (size != sizeof(uint) || cpu.Model.Vendor == CpuVendor.Amd)
            return cpu.Push(T.CreateTruncating(selector)) ? Outcome.Next : Outcome.Fault;
        ulong pointer = (cpu.S.Gpr[(int)Gpr.Rsp] - (ulong)size) & cpu.StackMask;
        if (!cpu.WriteSegment(SegmentName.SS, pointer, selector))
            return Outcome.Fault;
        cpu.SetStackPointer(pointer);
        return Outcome.Next;
    }

    private static Outcome Pop<T>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T>
    {
        var name = (SegmentName)op.Op0.Index;
        if (!cpu.Peek(0, out T value))
            return Outcome.Fault;

        // POP SS moves the pointer of the stack that it leaves, whose width may differ.
        ulong pointer = cpu.S.Gpr[(int)Gpr.Rsp];
        cpu.MoveStackPointer(System.Runtime.CompilerServices.Unsafe.SizeOf<T>());
        if (!cpu.LoadSegment(name, ushort.CreateTruncating(value)))
        {
            cpu.S.Gpr[(int)Gpr.Rsp] = pointer;
            return Outcome.Fault;
        }

        return AfterLoad(cpu, name);
    }

    /// <summary>
    /// MOV to GS, but the descriptor's base goes to IA32_KERNEL_GS_BASE and the base of GS stays. Outside 64-bit mode and above ring 0 it is #UD. SDM vol. 2A, LKGS.
    /// </summary>
    private static Outcome LoadKernelGs(Processor cpu, Operation op)
    {
        if (!cpu.Is64Bit || cpu.Cpl != 0)
            return cpu.Raise(Vector.InvalidOpcode);
        ulong kept = cpu.SegmentBase(SegmentName.GS);
        if (!cpu.Read(op, op.Op0, out ushort selector) || !cpu.LoadSegment(SegmentName.GS, selector))
            return Outcome.Fault;
        ref Segment gs = ref cpu.S.Segments[(int)SegmentName.GS];
        cpu.S.KernelGsBase = gs.Base;
        gs = gs with { Base = kept };
        return Outcome.Next;
    }

    private static Outcome SwapGs(Processor cpu, Operation op)
    {
        if (!cpu.Is64Bit || cpu.IsFredEnabled)
            return cpu.Raise(Vector.InvalidOpcode);
        if (cpu.Cpl != 0)
            return cpu.GeneralProtection();
        cpu.ExchangeGsBase();
        return Outcome.Next;
    }

    private static bool MayUseBase(Processor cpu)
    {
        if (cpu.Is64Bit && (cpu.S.Cr4 & Cr4.FSGSBASE) != 0)
            return true;
        cpu.Raise(Vector.InvalidOpcode);
        return false;
    }

    private static Outcome ReadBase<T, TName>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T> where TName : struct, ISegmentName
    {
        if (!MayUseBase(cpu))
            return Outcome.Fault;
        cpu.SetRegister(op.Op0.Index, T.CreateTruncating(cpu.SegmentBase(TName.Name)));
        return Outcome.Next;
    }

    private static Outcome WriteBase<T, TName>(Processor cpu, Operation op) where T : unmanaged, IBinaryInteger<T> where TName : struct, ISegmentName
    {
        if (!MayUseBase(cpu))
            return Outcome.Fault;
        ulong value = ulong.CreateTruncating(cpu.Register<T>(op.Op0.Index));
        return cpu.TrySetSegmentBase(TName.Name, value) ? Outcome.Next : cpu.GeneralProtection();
    }

    private interface ISegmentName
    {
        static abstract SegmentName Name { get; }
    }

    private readonly struct FsName : ISegmentName
    {
        public static SegmentName Name => SegmentName.FS;
    }

    private readonly struct GsName : ISegmentName
    {
        public static SegmentName Name => SegmentName.GS;
    }
}
