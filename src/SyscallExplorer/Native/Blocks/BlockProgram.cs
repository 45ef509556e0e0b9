using System.Runtime.Intrinsics.X86;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer;

/// <summary>The program that measures one block.</summary>
/// <param name="Code">The block.</param>
/// <param name="Copies">Copies in the shorter row.</param>
/// <param name="UsesFpu">Whether the x87 unit must be brought into order before each row.</param>
internal sealed record BlockProgram(byte[] Code, int Copies, bool UsesFpu)
{
    /// <summary>Rows in a batch: the counter's steps are too coarse for one.</summary>
    public const int Passes = 10;

    private const int InstructionsInRow = 200, LongestBlock = 0x4000;

    private static readonly AssemblerRegister32[] s_small = [eax, ebx, ecx, edx, r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d];
    private static readonly AssemblerRegister32[] s_pointers = [edi, esi, ebp];

    /// <summary>Looks at a block before it is executed.</summary>
    /// <param name="code">The block.</param>
    /// <param name="refusal">Why it is not to be executed, or null.</param>
    public static BlockProgram? TryMake(byte[]? code, out string? refusal)
    {
        if (code is not { Length: > 0 and <= LongestBlock })
        {
            refusal = $"A block has 1 to {LongestBlock} bytes; this one has {code?.Length ?? 0}.";
            return null;
        }

        var decoder = Decoder.Create(64, new ByteArrayCodeReader(code));
        int count = 0;
        bool usesFpu = false;
        while (decoder.IP < (ulong)code.Length)
        {
            Instruction instruction = decoder.Decode();
            refusal = BlockRules.Refusal(instruction, (ulong)code.Length);
            if (refusal is not null)
                return null;
            usesFpu |= instruction.CpuidFeatures.Any(feature => feature is CpuidFeature.FPU or CpuidFeature.FPU287 or CpuidFeature.FPU387 or CpuidFeature.MMX);
            count++;
        }

        refusal = null;
        return new BlockProgram(code, Math.Max(1, InstructionsInRow / count), usesFpu);
    }

    public byte[] Build(ChildPlan plan)
    {
        var a = new ChildAssembler(64);
        a.Measure(plan, _ => { }, b => Rows(b, Copies), b => Rows(b, 2 * Copies));
        return a.Finish(new ZeroSegment(ChildLayout.Scratch, ChildLayout.ScratchSize), new ZeroSegment(ChildLayout.BlockStack, ChildLayout.BlockStackSize));
    }

    /// <summary>A block may change every register, so that the counter is in memory, at an address that needs none.</summary>
    private void Rows(ChildAssembler a, int copies)
    {
        Label again = a.CreateLabel();
        a.mov(a.At(ChildLayout.CounterAt), Passes);
        a.Label(ref again);
        a.lfence();
        SetRegisters(a);
        a.lfence();
        for (int i = 0; i < copies; i++)
            a.db(Code);
        a.mov(ebp, (int)ChildLayout.Data);
        a.dec(a.At(ChildLayout.CounterAt));
        a.jne(again);
        a.mov(esp, (int)(ChildLayout.BlockStack + (ChildLayout.BlockStackSize / 2)));
        a.cld();
    }

    private static void ZeroVectors(ChildAssembler a)
    {
        foreach (AssemblerRegisterXMM register in new[] { xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15 })
            a.pxor(register, register);
    }

    private void SetRegisters(ChildAssembler a)
    {
        a.cld();
        a.mov(esp, (int)(ChildLayout.BlockStack + (ChildLayout.BlockStackSize / 2)));
        for (int i = 0; i < s_small.Length; i++)
            a.mov(s_small[i], i + 1);
        foreach (AssemblerRegister32 pointer in s_pointers)
            a.mov(pointer, (int)(ChildLayout.Scratch + (ChildLayout.ScratchSize / 2)));
        if (Avx.IsSupported)
            a.vzeroall();
        else
            ZeroVectors(a);
        if (UsesFpu)
            a.fninit();
    }
}

/// <summary>What a block must not do.</summary>
internal static class BlockRules
{
    /// <summary>Why a block with this instruction is not executed, or null.</summary>
    /// <param name="instruction">The instruction; the block begins at 0.</param>
    /// <param name="length">The block's bytes.</param>
    public static string? Refusal(in Instruction instruction, ulong length)
    {
        if (instruction.IsInvalid)
            return $"At offset {instruction.IP:x}h of the block stand bytes that are no instruction.";
        string what = $"{instruction.Mnemonic.ToString().ToLowerInvariant()} at offset {instruction.IP:x}h of the block";
        if (instruction.Mnemonic is Mnemonic.Syscall or Mnemonic.Sysenter || instruction.FlowControl == FlowControl.Interrupt)
            return $"The {what} enters the kernel; a block is user code alone.";
        return instruction.FlowControl switch
        {
            FlowControl.Next or FlowControl.Exception or FlowControl.XbeginXabortXend => null,
            FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch when instruction.NearBranchTarget <= length => null,
            _ => $"The {what} leaves the block; a block is left at its end only.",
        };
    }
}
