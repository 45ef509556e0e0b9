using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Silicon;

/// <content>One case: into the snippet, and back out of it by its end, an exception or the clock.</content>
internal static partial class WorkerProgram
{
    /// <summary>Loads everything from the case and jumps to the snippet. RBX is the case, and is loaded last.</summary>
    private static void EmitEntry(Assembler a)
    {
        a.inc(__qword_ptr[rbp + Sequence]);
        a.mov(rbx, __[rbp + CurrentInput]);
        a.mov(eax, UserSegments.Data);
        a.mov(ss, eax);
        a.mov(eax, __dword_ptr[rbx + InputField.DataSelector]);
        a.mov(ds, eax);
        a.mov(es, eax);
        a.mov(eax, __dword_ptr[rbx + InputField.FsGsSelector]);
        a.mov(fs, eax);
        a.mov(gs, eax);
        a.mov(rax, __[rbx + InputField.FsBase]);
        a.wrfsbase(rax);
        a.mov(rax, __[rbx + InputField.GsBase]);
        a.wrgsbase(rax);
        a.mov(rax, __[rbx + InputField.Target]);
        a.mov(__[rbp + FarTarget], rax);
        a.mov(rsi, __[rbx + InputField.Image]);
        a.mov(eax, -1);
        a.mov(edx, -1);
        a.xrstor64(__[rsi]);
        a.mov(__qword_ptr[rbp + InSnippet], 1);
        a.push(__qword_ptr[rbx + InputField.Flags]);
        a.popfq();
        for (int i = 0; i < GeneralRegisters.Length; i++)
        {
            if (i != 3)
                a.mov(GeneralRegisters[i], __[rbx + InputField.Registers + i * 8]);
        }

        a.mov(rbx, __[rbx + InputField.Registers + 3 * 8]);
        EmitFarJump(a);
    }

    /// <summary>The selector decides whether the snippet is 64-bit or 32-bit code. The operand is addressed relative to RIP, since all registers are the snippet's.</summary>
    private static void EmitFarJump(Assembler a) =>
        a.AddInstruction(Instruction.Create(Code.Jmp_m1632, new MemoryOperand(Register.RIP, Register.None, 1, (long)(WorkerLayout.Variables + FarTarget), 8)));

    /// <summary>Where snippets go when they end: saves the registers without losing any.</summary>
    private static void EmitGate(Assembler a)
    {
        a.AddInstruction(Instruction.Create(Code.Mov_moffs64_RAX, new MemoryOperand(Register.None, Register.None, 1, (long)(WorkerLayout.Variables + SavedRax), 8), Register.RAX));
        a.mov(rax, WorkerLayout.Variables);
        a.mov(rax, __[rax + CurrentOutput]);
        for (int i = 1; i < GeneralRegisters.Length; i++)
            a.mov(__[rax + OutputField.Registers + i * 8], GeneralRegisters[i]);
        a.mov(rbp, WorkerLayout.Variables);
        a.mov(rcx, __[rbp + SavedRax]);
        a.mov(__[rax + OutputField.Registers], rcx);
        a.mov(rbx, rax);
        a.mov(rsp, WorkerLayout.StackTop);
        a.pushfq();
        a.pop(__qword_ptr[rbx + OutputField.Flags]);
        a.push(2);
        a.popfq();
        a.mov(__qword_ptr[rbx + OutputField.Signal], 0);
        a.mov(eax, 7);
        a.xor(edx, edx);
        a.xsave64(__[rbx + OutputField.Image]);
        a.jmp(__qword_ptr[rbp + Finish]);
    }

    /// <summary>A snippet raised an exception, or the clock ticked. RDI is the signal, RDX struct ucontext.</summary>
    private static void EmitHandler(Assembler a, Label finish, Label ownFault)
    {
        Label record = a.CreateLabel(), back = a.CreateLabel();
        a.push(2);
        a.popfq();
        a.mov(rbp, WorkerLayout.Variables);
        a.cmp(edi, SigVtAlrm);
        a.jne(record);
        a.mov(rax, __[rbp + Sequence]);
        a.xchg(__[rbp + SequenceAtTick], rax);
        a.cmp(rax, __[rbp + Sequence]);
        a.jne(back);
        a.cmp(__qword_ptr[rbp + InSnippet], 0);
        a.jne(record);
        a.Label(ref back);
        a.ret();

        a.Label(ref record);
        a.cmp(__qword_ptr[rbp + InSnippet], 0);
        a.je(ownFault);
        a.mov(rbx, __[rbp + CurrentOutput]);
        a.mov(eax, edi);
        a.lea(rsi, __[rdx + SignalContext.InUserContext]);
        a.lea(rdi, __[rbx + OutputField.Registers]);
        a.mov(ecx, SignalContext.Size / 8);
        a.rep.movsq();
        a.mov(__[rbx + OutputField.Signal], rax);
        a.mov(rsi, __[rdx + SignalContext.InUserContext + SignalContext.FloatingPoint * 8]);
        a.lea(rdi, __[rbx + OutputField.Image]);
        a.mov(ecx, WorkerLayout.ImageSize / 8);
        a.rep.movsq();
        a.mov(rsp, WorkerLayout.StackTop);
        a.jmp(finish);
    }

    /// <summary>Writes down selectors and bases, and every chunk of data that changed, which gets its old contents back. RBX is the outcome.</summary>
    private static void EmitFinish(Assembler a, Label next)
    {
        Label compare = a.CreateLabel(), same = a.CreateLabel();
        a.mov(__qword_ptr[rbp + InSnippet], 0);
        int slot = OutputField.Selectors;
        foreach (AssemblerRegisterSegment selector in (ReadOnlySpan<AssemblerRegisterSegment>)[ds, es, fs, gs])
        {
            a.mov(eax, selector);
            a.mov(__[rbx + slot], ax);
            slot += 2;
        }

        a.mov(eax, ss);
        a.mov(__[rbx + OutputField.StackSelector], ax);
        a.rdfsbase(rax);
        a.mov(__[rbx + OutputField.FsBase], rax);
        a.rdgsbase(rax);
        a.mov(__[rbx + OutputField.GsBase], rax);

        a.mov(rsi, WorkerLayout.Data);
        a.mov(rdi, Shared + WorkerLayout.DataOffset);
        a.lea(rdx, __[rbx + OutputField.Changes]);
        a.xor(r8d, r8d);
        a.xor(ecx, ecx);
        a.Label(ref compare);
        for (int i = 0; i < 4; i++)
            a.movdqa(Xmm(i), __[rsi + rcx + i * 16]);
        for (int i = 0; i < 4; i++)
            a.pcmpeqb(Xmm(i), __[rdi + rcx + i * 16]);
        a.pand(xmm0, xmm1);
        a.pand(xmm2, xmm3);
        a.pand(xmm0, xmm2);
        a.pmovmskb(eax, xmm0);
        a.cmp(eax, 0xFFFF);
        a.je(same);
        a.mov(__[rdx], rcx);
        for (int i = 0; i < 4; i++)
        {
            a.movdqa(xmm0, __[rsi + rcx + i * 16]);
            a.movdqu(__[rdx + 8 + i * 16], xmm0);
            a.movdqa(xmm0, __[rdi + rcx + i * 16]);
            a.movdqa(__[rsi + rcx + i * 16], xmm0);
        }

        a.add(rdx, WorkerLayout.ChangeSize);
        a.inc(r8d);
        a.Label(ref same);
        a.add(ecx, WorkerLayout.ChunkSize);
        a.cmp(ecx, WorkerLayout.DataSize);
        a.jb(compare);
        a.mov(__[rbx + OutputField.ChangeCount], r8);
        a.add(rdx, 63);
        a.and(rdx, -64);
        a.mov(__[rbp + CurrentOutput], rdx);
        a.add(__qword_ptr[rbp + CurrentInput], WorkerLayout.InputSize);
        a.jmp(next);
    }

    private static AssemblerRegisterXMM Xmm(int index) => index switch { 0 => xmm0, 1 => xmm1, 2 => xmm2, _ => xmm3 };
}
