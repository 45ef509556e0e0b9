using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>read and write as C has them: a descriptor, a buffer and a size in the first three arguments.</summary>
internal static class ReadWriteCalls
{
    private const int Kept = 3;

    /// <summary>Local variables: the position, two words of a 32-bit kernel; what the lookup said; the descriptor; the canary.</summary>
    private const int Position = 0, LookupResult = 2, Descriptor = 3, Locals = 5;

    /// <summary>Where the frame keeps the descriptor, from its frame pointer, in kernels whose handlers have their arguments in registers.</summary>
    public static int DescriptorFromFrame => CompiledCode.FromFrame(Kept, Locals, Descriptor);

    public static void Read(KernelAssembler k) => Emit(new CompiledCode(k), "read", VfsTransfer.Read);

    public static void Write(KernelAssembler k) => Emit(new CompiledCode(k), "write", VfsTransfer.Write);

    private static void Emit(CompiledCode c, string name, string transfer)
    {
        KernelAssembler k = c.K;
        VfsTraits traits = k.Traits.Vfs;
        Gpr buffer = c.Kept(0), size = c.Kept(1), file = c.Kept(2), result = c.Kept(0);
        string bad = name + ".ebadf", failed = name + ".failed", put = name + ".put", done = name + ".out";
        c.Function(traits.HasKsys ? "ksys_" + name : null, Kept, Locals);
        c.Move(buffer, c.Argument(1));
        c.Move(size, c.Argument(2));
        c.Protect();
        if (!k.Traits.HandlersTakeRegisters && c.IsWide)
            c.Store32(Gpr.Rsp, Descriptor * c.Word, c.Argument(0));
        if (!traits.LooksForPositionLock)
            c.AddressOf(c.Argument(1), Gpr.Rsp, LookupResult * c.Word);
        c.Call(traits.Lookup);
        if (traits.LooksForPositionLock)
        {
            c.Store(Gpr.Rsp, LookupResult * c.Word, Gpr.Rax);
            c.AndImmediate(Gpr.Rax, ~(FileLookup.HasReference | FileLookup.HasPositionLock));
        }
        else
        {
            c.Test(Gpr.Rax);
        }

        k.je(k.To(bad));
        c.Move(file, Gpr.Rax);
        LoadPosition(c, file);
        PassPosition(c);
        c.Move(c.Argument(0), file);
        c.Move(c.Argument(1), buffer);
        c.Move(c.Argument(2), size);
        c.Call(transfer);
        if (!c.IsWide)
            c.AddImmediate(Gpr.Rsp, c.Word);
        c.Move(result, Gpr.Rax);
        if (!traits.WritesPositionAlways)
        {
            c.Test(Gpr.Rax);
            k.js(k.To(failed));
        }

        StorePosition(c, file);
        k.Local(failed);
        if (traits.LooksForPositionLock)
        {
            c.TestFlags(Gpr.Rsp, LookupResult * c.Word, FileLookup.HasPositionLock);
            k.jne(k.To(CompiledCode.Impossible));
            c.TestFlags(Gpr.Rsp, LookupResult * c.Word, FileLookup.HasReference);
        }
        else
        {
            c.TestFlags(Gpr.Rsp, LookupResult * c.Word, -1);
        }

        k.jne(k.To(put));
        k.Local(done);
        c.Move(Gpr.Rax, result);
        c.Return();

        k.Local(put);
        c.Move(c.Argument(0), file);
        c.Call("fput");
        k.jmp(k.To(done));
        k.Local(bad);
        c.Error(Errno.EBADF);
        c.Move(result, Gpr.Rax);
        k.jmp(k.To(done));
    }

    private static void LoadPosition(CompiledCode c, Gpr file)
    {
        if (c.K.Traits.Vfs.HasStreams)
        {
            c.TestFlags(file, VfsLayout.FileMode, VfsLayout.ModeStream);
            c.K.jne(c.K.To(CompiledCode.Impossible));
        }

        for (int part = 0; part < 8; part += c.Word)
        {
            c.Load(Gpr.Rax, file, VfsLayout.FilePosition + part);
            c.Store(Gpr.Rsp, Position * c.Word + part, Gpr.Rax);
        }
    }

    private static void PassPosition(CompiledCode c)
    {
        if (c.IsWide)
        {
            c.AddressOf(c.Argument(3), Gpr.Rsp, Position * c.Word);
            return;
        }

        c.AddressOf(Gpr.Rax, Gpr.Rsp, Position * c.Word);
        c.Push(Gpr.Rax);
    }

    private static void StorePosition(CompiledCode c, Gpr file)
    {
        for (int part = 0; part < 8; part += c.Word)
        {
            c.Load(Gpr.Rdx, Gpr.Rsp, Position * c.Word + part);
            c.Store(file, VfsLayout.FilePosition + part, Gpr.Rdx);
        }
    }
}
