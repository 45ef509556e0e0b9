using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>What audit took note of at a call's entry.</summary>
/// <param name="Architecture">AUDIT_ARCH_ of the interface that it came by.</param>
/// <param name="Number">Its number.</param>
/// <param name="Arguments">The first four arguments, which are all that a record shows.</param>
internal sealed record AuditedCall(uint Architecture, int Number, ImmutableArray<ulong> Arguments)
{
    private const int ArgumentsShown = 4;

    public static AuditedCall Of(LinuxMachine machine, PtRegs registers, ulong number)
    {
        bool compat = machine.IsInCompatCall;
        var arguments = new SyscallArguments(registers, compat);
        return new AuditedCall(
            compat ? AuditArchitecture.I386 : AuditArchitecture.X86_64, (int)number, [.. Enumerable.Range(0, ArgumentsShown).Select(index => arguments[index])]);
    }
}
