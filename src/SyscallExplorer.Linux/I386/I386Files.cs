using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>read and write of a 32-bit kernel: null and zero are served here, any other file by the host. EAX descriptor, EDX buffer, ECX size.</summary>
internal static class I386Files
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
        k.push(ebx);
        k.push(edi);
        k.mov(ebx, ecx);
        k.mov(edi, edx);
        k.xor(eax, eax);
        UserAccess.Open(k);
        k.MayFault("read.partial");
        k.rep.stosb();
        k.Local("read.partial");
        UserAccess.Close(k);
        k.mov(eax, ebx);
        k.sub(eax, ecx);
        k.jne(k.To("read.done"));
        k.test(ecx, ecx);
        k.je(k.To("read.done"));
        k.mov(eax, -Errno.EFAULT);
        k.Local("read.done");
        k.pop(edi);
        k.pop(ebx);
        k.ret();
        Errors(k, "read");
    }

    public static void Write(KernelAssembler k)
    {
        FindFile(k, "write", FileKind.MayWrite);
        CheckRange(k, "write");
        k.cmp(eax, FileKind.Hosted);
        k.je(k.To("write.hosted"));
        k.mov(eax, ecx);
        k.ret();
        k.Local("write.hosted");
        HypercallStub.Waiting(k, HandlerTable.HypercallOf("hosted_write"));
        k.ret();
        Errors(k, "write");
    }

    /// <summary>The descriptor must have been opened for this; EAX becomes the kind of file behind it.</summary>
    private static void FindFile(KernelAssembler k, string name, int right)
    {
        k.cmp(eax, TaskLayout.MaxDescriptors);
        k.jae(k.To(name + ".ebadf"));
        k.push(ebx);
        k.mov(ebx, k.PerCpuFs(PerCpuOffsets.CurrentTask));
        k.mov(ebx, __dword_ptr[ebx + TaskLayout.Files]);
        k.mov(eax, __dword_ptr[ebx + eax * 4]);
        k.pop(ebx);
        k.test(eax, right);
        k.je(k.To(name + ".ebadf"));
        k.and(eax, FileKind.Mask);
    }

    /// <summary>The buffer must be the program's; the size is cut to what one call moves at most.</summary>
    private static void CheckRange(KernelAssembler k, string name)
    {
        string within = name + ".within";
        k.push(ebx);
        k.mov(ebx, edx);
        k.add(ebx, ecx);
        k.jb(k.To(name + ".efault"));
        k.cmp(ebx, (uint)I386Layout.PageOffset);
        k.ja(k.To(name + ".efault"));
        k.pop(ebx);
        k.cmp(ecx, MaxTransfer);
        k.jbe(k.To(within));
        k.mov(ecx, MaxTransfer);
        k.Local(within);
    }

    private static void Errors(KernelAssembler k, string name)
    {
        k.Local(name + ".ebadf");
        k.mov(eax, -Errno.EBADF);
        k.ret();
        k.Local(name + ".efault");
        k.pop(ebx);
        k.mov(eax, -Errno.EFAULT);
        k.ret();
    }
}
