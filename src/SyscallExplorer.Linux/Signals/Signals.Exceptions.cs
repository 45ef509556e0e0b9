using System.Buffers.Binary;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <content>Exceptions of a program as signals.</content>
internal sealed partial class Signals
{
    private const ulong DebugSingleStep = 1 << 14;
    private const ulong DebugBreakpoints = 15;

    /// <summary>Exceptions whose si_addr is the instruction.</summary>
    private static readonly Vector[] s_tellInstruction =
        [Vector.DivideError, Vector.Debug, Vector.InvalidOpcode, Vector.FloatingPoint, Vector.SimdFloatingPoint];

    /// <summary>A signal of the current task that can be neither blocked nor ignored: where it is, its default takes effect.</summary>
    public void Force(SignalInfo info)
    {
        int signal = info.Signal;
        TaskState task = machine.Task;
        SignalAction action = ActionOf(task, signal);
        bool isBlocked = task.Signals.Blocked.Has(signal);
        if (isBlocked || action.Handler == SignalAction.Ignore)
            SetAction(signal, action with { Handler = SignalAction.Default });
        if (isBlocked)
            machine.Task = task with { Signals = task.Signals with { Blocked = task.Signals.Blocked & ~SignalSets.Bit(signal) } };
        Send(machine.Task, info);
        Recalculate(machine.Task);
    }

    /// <summary>An exception of the current task.</summary>
    /// <param name="signal">Its signal.</param>
    /// <param name="code">si_code, or 0 where the vector decides.</param>
    /// <param name="trap">The exception. The error code of a debug exception is DR6.</param>
    /// <param name="frame">The registers that it found.</param>
    public void Force(int signal, int code, Trap trap, PtRegs frame)
    {
        bool isPageFault = trap.Vector == Vector.PageFault;
        int reason = trap.Vector switch
        {
            Vector.Debug => DebugCode(trap.ErrorCode),
            Vector.FloatingPoint => X87Code(),
            Vector.SimdFloatingPoint => SimdCode(),
            _ => code,
        };

        // A floating-point exception that is gone when somebody looks was none.
        if (reason == 0 && trap.Vector is Vector.FloatingPoint or Vector.SimdFloatingPoint)
            return;
        ulong error = trap.Vector == Vector.Debug ? 0 : isPageFault ? trap.ErrorCode | PageFaultError.User : trap.ErrorCode;
        if (isPageFault && trap.FaultAddress >= machine.Architecture.UserAddressLimit)
            error |= PageFaultError.Protection;
        SignalState signals = machine.Task.Signals;
        const ulong toldStatus = DebugSingleStep | DebugBreakpoints;
        machine.Task = machine.Task with
        {
            DebugRegisters = trap.Vector == Vector.Debug
                ? machine.Task.DebugRegisters with { Status = trap.ErrorCode & toldStatus } : machine.Task.DebugRegisters,
            Signals = signals with
            {
                Trap = trap.Vector == Vector.Debug ? trap with { ErrorCode = 0 } : trap,
                Exception = new LastException(error, (ulong)trap.Vector, isPageFault ? trap.FaultAddress : signals.Exception.Address),
            },
        };
        if (trap.Vector == Vector.Debug && machine.Task.DebugRegisters.HasHitInstruction)
            machine.WritePtRegs(frame.With((PtRegsOffsets.Flags, frame[PtRegsOffsets.Flags] | Rflags.RF)));
        ulong address = isPageFault ? trap.FaultAddress : s_tellInstruction.Contains(trap.Vector) ? frame[PtRegsOffsets.Ip] : 0;
        Force(reason == 0 ? SignalInfo.FromKernel(signal) : SignalInfo.FromFault(signal, reason, address));
    }

    /// <summary>Single steps, breakpoint registers, and INT1, which sets no bit.</summary>
    private static int DebugCode(ulong status) =>
        (status & DebugSingleStep) != 0 ? SignalCodes.TrapTrace
        : (status & DebugBreakpoints) != 0 ? SignalCodes.TrapHardwareBreakpoint
        : SignalCodes.TrapBreakpoint;

    private int X87Code()
    {
        ReadOnlySpan<byte> image = new TaskFpu(machine).Read(Tasks.Current).Bytes.Span;
        int control = BinaryPrimitives.ReadUInt16LittleEndian(image), status = BinaryPrimitives.ReadUInt16LittleEndian(image[2..]);
        return FloatCode(status & ~control);
    }

    private int SimdCode()
    {
        uint mxcsr = BinaryPrimitives.ReadUInt32LittleEndian(new TaskFpu(machine).Read(Tasks.Current).Bytes.Span[FpuImage.Mxcsr..]);
        const int masks = 7;
        return FloatCode((int)(~(mxcsr >> masks) & mxcsr));
    }

    /// <summary>The exceptions that are not masked, in the bits of the x87 status word and of MXCSR. The first that is set counts.</summary>
    private static int FloatCode(int exceptions)
    {
        const int invalid = 1, denormalOrUnderflow = 0x12, divide = 4, overflow = 8, inexact = 0x20;
        return (exceptions & invalid) != 0 ? SignalCodes.FloatInvalid
            : (exceptions & divide) != 0 ? SignalCodes.FloatDivide
            : (exceptions & overflow) != 0 ? SignalCodes.FloatOverflow
            : (exceptions & denormalOrUnderflow) != 0 ? SignalCodes.FloatUnderflow
            : (exceptions & inexact) != 0 ? SignalCodes.FloatInexact : 0;
    }
}
