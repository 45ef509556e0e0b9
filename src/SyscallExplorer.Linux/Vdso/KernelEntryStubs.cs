using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// What a 32-bit image has besides time: the stub by which programs enter, the pad where the kernel lets them go on, and the trampolines that
/// signal handlers return to. The bytes are an interface: debuggers and unwinders know them.
/// </summary>
internal static class KernelEntryStubs
{
    public const string Vsyscall = "__kernel_vsyscall", Sigreturn = "__kernel_sigreturn", RtSigreturn = "__kernel_rt_sigreturn";

    /// <summary>Where a fast call goes on; before it stands an <c>int $0x80</c> that restarts run.</summary>
    public const string LandingPad = "int80_landing_pad";

    private const int StackPointer = 4, InstructionPointer = 8;

    /// <summary>DWARF's numbers of registers, and where the machine context has them.</summary>
    private static readonly (int Number, int Offset)[] s_context = [(0, 44), (1, 40), (2, 36), (3, 32), (5, 24), (6, 20), (7, 16), (InstructionPointer, 56)];

    private const int ContextStackPointer = 28;

    /// <summary>The stub of Linux 4.4 and later: saves what the fast instructions destroy.</summary>
    public static VdsoFunction MakeVsyscall(ulong address)
    {
        const int syscallVector = 0x80;
        var a = new VdsoAssembler(VdsoAbi.I386, address);
        a.Push(ecx);
        a.Push(edx);
        a.Push(ebp);
        a.Alternative([0x90, 0x90, 0x90, 0x90],
            (KernelFeature.Sysenter32, [0x89, 0xE5, 0x0F, 0x34]),
            (KernelFeature.Syscall32, [0x89, 0xCD, 0x0F, 0x05]));
        a.@int(unchecked((sbyte)syscallVector));
        a.Point(LandingPad);
        a.Pop(ebp);
        a.Pop(edx);
        a.Pop(ecx);
        a.ret();
        return a.Finish(Vsyscall);
    }

    /// <summary>The stub of one of the three images of Linux 2.6.39.</summary>
    /// <param name="address">Where it stands.</param>
    /// <param name="entry">The instruction that it enters by; null for <c>int $0x80</c>, after which nothing has to be repaired.</param>
    public static VdsoFunction MakeOldVsyscall(ulong address, KernelFeature? entry)
    {
        const int syscallVector = 0x80, padding = 7;
        var a = new VdsoAssembler(VdsoAbi.I386, address);
        switch (entry)
        {
            case KernelFeature.Sysenter32:
                a.Push(ecx);
                a.Push(edx);
                a.Push(ebp);
                Label again = a.CreateLabel();
                a.Label(ref again);
                a.mov(ebp, esp);
                a.sysenter();
                for (int i = 0; i < padding; i++)
                    a.nop();

                // A restarted call comes back two bytes before the pad, and has the stack pointer in EBP no more.
                a.jmp(again);
                a.Point(LandingPad);
                a.Pop(ebp);
                a.Pop(edx);
                a.Pop(ecx);
                break;
            case KernelFeature.Syscall32:
                a.Push(ebp);
                a.mov(ebp, ecx);
                a.syscall();
                a.Point(LandingPad);

                // SYSRET leaves the attributes of SS as they were.
                a.mov(ecx, Selectors.UserDs);
                a.mov(ss, ecx);
                a.mov(ecx, ebp);
                a.Pop(ebp);
                break;
            default:
                a.@int(unchecked((sbyte)syscallVector));
                a.Point(LandingPad);
                break;
        }

        a.ret();
        return a.Finish(Vsyscall);
    }

    /// <summary>What handlers without siginfo_t return to. The stack pointer is at the signal's number, which is popped first.</summary>
    public static VdsoFunction MakeSigreturn(ulong address)
    {
        const int returnAddress = 4, popLength = 1;
        int context = SignalFrame32.OldContext - returnAddress;
        IEnumerable<byte> rows = [.. Rows(context), .. CallFrame.Advance(1 + popLength), .. Rows(context - 4)];
        return Make(Sigreturn, address, [.. SignalFrame32.OldReturnCode, 0x90], rows);
    }

    /// <summary>What handlers with siginfo_t return to.</summary>
    public static VdsoFunction MakeRtSigreturn(ulong address)
    {
        const int returnAddress = 4, codeLength = 7;
        return Make(RtSigreturn, address, [.. SignalFrame32.ReturnCode[..codeLength], 0x90], Rows(SignalFrame32.MachineContext - returnAddress));
    }

    private static IEnumerable<byte> Rows(int context) =>
    [
        .. CallFrame.CfaAt(StackPointer, context + ContextStackPointer),
        .. s_context.SelectMany(register => CallFrame.SavedAt(register.Number, StackPointer, context + register.Offset)),
    ];

    /// <summary>An unwinder looks for the call before a return address, so that the entry begins a byte before the trampoline.</summary>
    private static VdsoFunction Make(string name, ulong address, byte[] code, IEnumerable<byte> rows) =>
        new(name, address, code, [], new UnwindRows([.. rows], IsSignalFrame: true));
}
