using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>Forms that are not compared with silicon, and why.</summary>
internal static class Exclusions
{
    private const string Host = "answers for the host";
    private const string Umip = "executed by Linux for the program (UMIP)";
    private const string Leaves = "enters the kernel";

    private const int MapBits = 0x1F;
    private const int Map0F3A = 3;
    private const int FirstXopMap = 8;

    private static readonly Dictionary<Mnemonic, string> ByMnemonic = new()
    {
        [Mnemonic.Cpuid] = Host,
        [Mnemonic.Rdtsc] = Host,
        [Mnemonic.Rdtscp] = Host,
        [Mnemonic.Rdpid] = Host,
        [Mnemonic.Rdpru] = Host,
        [Mnemonic.Rdrand] = Host,
        [Mnemonic.Rdseed] = Host,
        [Mnemonic.Xgetbv] = "answers with the host's XCR0, which has components that no model has",
        [Mnemonic.Vmcall] = "the hypercall of the kit; under a hypervisor it is the host's",
        [Mnemonic.Vmmcall] = "the hypercall of AMD; under a hypervisor it is the host's",
        [Mnemonic.Sgdt] = Umip,
        [Mnemonic.Sidt] = Umip,
        [Mnemonic.Sldt] = Umip,
        [Mnemonic.Smsw] = Umip,
        [Mnemonic.Str] = Umip,
        [Mnemonic.Syscall] = Leaves,
        [Mnemonic.Sysenter] = Leaves,
        [Mnemonic.Int1] = "a hypervisor that watches #DB delivers it at the instruction and not behind it",
        [Mnemonic.Rdpkru] = "the model has no protection keys",
        [Mnemonic.Wrpkru] = "the model has no protection keys",
        [Mnemonic.Xsaves] = "ring 0 only",
        [Mnemonic.Monitor] = "the host's firmware decides whether programs may use it",
        [Mnemonic.Mwait] = "the host's firmware decides whether programs may use it",
        [Mnemonic.Monitorx] = "waits for the host",
        [Mnemonic.Mwaitx] = "waits for the host",
        [Mnemonic.Xbegin] = "transactions end as the host likes",
        [Mnemonic.Xabort] = "transactions end as the host likes",
        [Mnemonic.Xtest] = "transactions end as the host likes",
        [Mnemonic.Xend] = "transactions end as the host likes",
    };

    /// <summary>Why a form is not compared, or null.</summary>
    public static string? ReasonFor(Code code)
    {
        OpCodeInfo form = code.ToOpCode();
        if (form.Encoding is EncodingKind.EVEX or EncodingKind.MVEX)
            return "no model has AVX-512";
        if (form.Encoding == EncodingKind.D3NOW)
            return "no model has 3DNow!";
        if (form.Fwait)
            return "two instructions for the decoder: WAIT and the one that does not wait";
        if (!form.Mode64 && !form.Mode32)
            return "16-bit code only";
        return code switch
        {
            Code.Xsaves_mem or Code.Xsaves64_mem or Code.Xrstors_mem or Code.Xrstors64_mem => null,
            _ => ByMnemonic.GetValueOrDefault(code.Mnemonic()),
        };
    }

    /// <summary>Whether one instruction of a form that is compared must not be executed natively: the system call of 32-bit programs.</summary>
    public static bool Forbids(in Instruction instruction) => (instruction.Code == Code.Int_imm8 && instruction.Immediate8 == 0x80) || IsOpen(instruction);

    /// <summary>
    /// Whether bytes that are no instruction of the model are something to the host: a hypercall with a prefix, which its hypervisor sees; XOP, which AMD's
    /// later processors do not execute and yet count the length of; VPERMQ and VPERMPD with VEX.W = 0, which the manuals and the decoder call invalid and
    /// AMD's processors execute.
    /// </summary>
    public static bool Forbids(ReadOnlySpan<byte> invalid, int bitness)
    {
        ReadOnlySpan<byte> opcode = invalid[InstructionPrefixes.Skip(invalid, bitness)..];
        return opcode is [0x0F, 0x01, 0xC1 or 0xD9, ..]
            || (opcode is [0x8F, var xopMap, ..] && (xopMap & MapBits) >= FirstXopMap)
            || (opcode is [0xC4, var vexMap, < 0x80, 0x00 or 0x01, ..] && (vexMap & MapBits) == Map0F3A);
    }

    /// <summary>Encodings whose meaning is not written anywhere: LOOPE and LOOPNE under REP and REPNE, whose condition AMD takes from the prefix.</summary>
    private static bool IsOpen(in Instruction instruction) => instruction.IsLoopcc && (instruction.HasRepPrefix || instruction.HasRepnePrefix);
}
