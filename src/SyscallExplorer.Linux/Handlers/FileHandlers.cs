using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>read and write: null and zero are served here, any other file by the host.</summary>
internal static class FileHandlers
{
    private const int MaxTransfer = 0x7FFF_F000;

    public static void Read(KernelAssembler k)
    {
        FindFile(k, "read", FileKind.MayRead);
        CheckRange(k, "read");
        k.cmp(eax, FileKind.Null);
        k.je(k.To("read.end_of_file"));
        k.cmp(eax, FileKind.Zero);
        k.je(k.To("read.zero"));
        HypercallStub.Waiting(k, HandlerTable.HypercallOf("hosted_read"));
        k.ret();

        k.Local("read.end_of_file");
        k.xor(eax, eax);
        k.ret();

        k.Local("read.zero");
        k.mov(r8, rdx);
        k.mov(rdi, rsi);
        k.mov(rcx, rdx);
        k.xor(eax, eax);
        UserAccess.Open(k);
        k.MayFault("read.partial");
        k.rep.stosb();
        k.Local("read.partial");
        UserAccess.Close(k);
        k.mov(rax, r8);
        k.sub(rax, rcx);
        k.jne(k.To("read.done"));
        k.test(rcx, rcx);
        k.je(k.To("read.done"));
        k.mov(rax, -Errno.EFAULT);
        k.Local("read.done");
        k.ret();
        Errors(k, "read");
    }

    public static void Write(KernelAssembler k)
    {
        FindFile(k, "write", FileKind.MayWrite);
        CheckRange(k, "write");
        k.cmp(eax, FileKind.Hosted);
        k.je(k.To("write.hosted"));
        k.mov(rax, rdx);
        k.ret();
        k.Local("write.hosted");
        HypercallStub.Waiting(k, HandlerTable.HypercallOf("hosted_write"));
        k.ret();
        Errors(k, "write");
    }

    /// <summary>EDI is the descriptor, which must have been opened for this; EAX becomes the kind of file behind it.</summary>
    private static void FindFile(KernelAssembler k, string name, int right)
    {
        k.mov(edi, edi);
        k.cmp(edi, TaskLayout.MaxDescriptors);
        k.jae(k.To(name + ".ebadf"));
        k.mov(rax, k.PerCpu(PerCpuOffsets.CurrentTask));
        k.mov(rax, __qword_ptr[rax + TaskLayout.Files]);
        k.mov(eax, __dword_ptr[rax + rdi * 4]);
        k.test(eax, right);
        k.je(k.To(name + ".ebadf"));
        k.and(eax, FileKind.Mask);
    }

    /// <summary>RSI for RDX bytes must be the program's; RDX is cut to what one call moves at most.</summary>
    private static void CheckRange(KernelAssembler k, string name)
    {
        k.mov(rcx, rsi);
        k.add(rcx, rdx);
        k.jb(k.To(name + ".efault"));
        UserAccess.Check(k, rcx, name + ".efault");
        k.mov(ecx, MaxTransfer);
        k.cmp(rdx, rcx);
        k.cmova(rdx, rcx);
    }

    private static void Errors(KernelAssembler k, string name)
    {
        k.Local(name + ".ebadf");
        k.mov(rax, -Errno.EBADF);
        k.ret();
        k.Local(name + ".efault");
        k.mov(rax, -Errno.EFAULT);
        k.ret();
    }
}
