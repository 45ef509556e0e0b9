using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>vfs_read</c> and <c>vfs_write</c>: may the file, may the memory, may the module; then the file's own function, and who is to be told of it.
/// </summary>
internal static class VfsTransfer
{
    public const string Read = "vfs_read", Write = "vfs_write";
    private const string InnerRead = "__vfs_read", InnerWrite = "__vfs_write", VerifyArea = "rw_verify_area";
    private const int MaxTransfer = 0x7FFF_F000;
    private const int MayWrite = 2;

    /// <summary>The fourth argument of a 32-bit kernel's function, above the frame pointer and the return address.</summary>
    private const int FourthArgument = 8;

    public static void Emit(CompiledCode c)
    {
        EmitVerifyArea(c);
        if (c.K.Traits.Vfs.HasInnerFunction)
        {
            EmitInner(c, InnerRead, VfsLayout.Read);
            EmitInner(c, InnerWrite, VfsLayout.Write);
        }

        EmitTransfer(c, write: false);
        EmitTransfer(c, write: true);
    }

    /// <summary>File, buffer, size and position.</summary>
    private static void EmitTransfer(CompiledCode c, bool write)
    {
        KernelAssembler k = c.K;
        VfsTraits traits = k.Traits.Vfs;
        string name = write ? Write : Read;
        string bad = name + ".ebadf", cannot = name + ".einval", fault = name + ".efault", nothing = name + ".nothing", done = name + ".out";
        Gpr file = c.Kept(0), buffer = c.Kept(1), size = c.Kept(2), result = c.Kept(1);
        c.Function(name, kept: c.IsWide ? 4 : 3);
        c.Move(file, c.Argument(0));
        c.Move(buffer, c.Argument(1));
        c.Move(size, c.Argument(2));
        if (c.IsWide)
            c.Move(c.Kept(3), c.Argument(3));
        c.TestFlags(file, VfsLayout.FileMode, write ? VfsLayout.ModeWrite : VfsLayout.ModeRead);
        k.je(k.To(bad));
        CheckOperations(c, file, write, cannot);
        c.CheckRange(buffer, size, fault);

        PassArea(c, file, size, write);
        c.Call(VerifyArea);
        if (!c.IsWide)
            c.AddImmediate(Gpr.Rsp, c.Word);
        if (traits.AreaCheckLimits)
        {
            c.Test(Gpr.Rax);
            k.js(k.To(done));
            c.Move(size, Gpr.Rax);
        }
        else
        {
            c.SignExtendResult();
            c.Test(Gpr.Rax);
            k.jne(k.To(done));
            c.Limit(size, MaxTransfer, Gpr.Rax);
        }

        if (write && traits.StartsWrites)
            TestForRegular(c, file);
        CallFile(c, write);
        if (!c.IsWide)
            c.AddImmediate(Gpr.Rsp, c.Word);
        c.Move(result, Gpr.Rax);
        c.Test(Gpr.Rax);
        k.jle(k.To(nothing));
        FileEvents.Tell(c, file, write ? VfsLayout.Modify : VfsLayout.Access);
        c.Current(Gpr.Rax);
        c.AddToCounter(Gpr.Rax, write ? TaskLayout.WrittenBytes : TaskLayout.ReadBytes, result);
        k.Local(nothing);
        c.Current(Gpr.Rax);
        c.CountOne(Gpr.Rax, write ? TaskLayout.WriteCalls : TaskLayout.ReadCalls);
        if (write && traits.StartsWrites)
            TestForRegular(c, file);
        c.Move(Gpr.Rax, result);
        k.Local(done);
        c.Return();

        k.Local(bad);
        c.Error(Errno.EBADF);
        k.jmp(k.To(done));
        k.Local(cannot);
        c.Error(Errno.EINVAL);
        k.jmp(k.To(done));
        k.Local(fault);
        c.Error(Errno.EFAULT);
        k.jmp(k.To(done));
    }

    private static void CheckOperations(CompiledCode c, Gpr file, bool write, string cannot)
    {
        if (c.K.Traits.Vfs.HasCanRead)
        {
            c.TestFlags(file, VfsLayout.FileMode, write ? VfsLayout.ModeCanWrite : VfsLayout.ModeCanRead);
            c.K.je(c.K.To(cannot));
            return;
        }

        c.Load(Gpr.Rax, file, VfsLayout.FileOperations);
        c.Test(Gpr.Rax);
        c.K.je(c.K.To(cannot));
        c.CompareWithZero(Gpr.Rax, write ? VfsLayout.Write : VfsLayout.Read);
        c.K.je(c.K.To(cannot));
    }

    private static void PassArea(CompiledCode c, Gpr file, Gpr size, bool write)
    {
        if (c.IsWide)
        {
            c.Move(c.Argument(3), size);
            c.Move(c.Argument(2), c.Kept(3));
        }
        else
        {
            c.Push(size);
            c.Load(c.Argument(2), Gpr.Rbp, FourthArgument);
        }

        c.Move(c.Argument(1), file);
        c.Constant(c.Argument(0), write ? 1 : 0);
    }

    private static void CallFile(CompiledCode c, bool write)
    {
        Gpr file = c.Kept(0), buffer = c.Kept(1), size = c.Kept(2);
        if (c.IsWide)
        {
            c.Move(c.Argument(3), c.Kept(3));
        }
        else
        {
            c.Load(Gpr.Rax, Gpr.Rbp, FourthArgument);
            c.Push(Gpr.Rax);
        }

        c.Move(c.Argument(2), size);
        c.Move(c.Argument(1), buffer);
        if (c.K.Traits.Vfs.HasInnerFunction)
        {
            c.Move(c.Argument(0), file);
            c.Call(write ? InnerWrite : InnerRead);
            return;
        }

        Gpr operations = c.IsWide ? Gpr.R8 : Gpr.Rsi;
        c.Load(operations, file, VfsLayout.FileOperations);
        c.CompareWithZero(operations, write ? VfsLayout.Write : VfsLayout.Read);
        c.K.je(c.K.To(CompiledCode.Impossible));
        c.Move(c.Argument(0), file);
        c.CallIndirect(operations, write ? VfsLayout.Write : VfsLayout.Read, target: Gpr.Rsi);
    }

    /// <summary>The file's function for plain buffers, or the one for iterators.</summary>
    private static void EmitInner(CompiledCode c, string name, int operation)
    {
        string iterates = name + ".iter";
        Gpr operations = c.IsWide ? Gpr.Rax : Gpr.Rsi;
        c.Function(name, kept: c.IsWide ? 0 : 2);
        c.Load(operations, c.Argument(0), VfsLayout.FileOperations);
        c.CompareWithZero(operations, operation);
        c.K.je(c.K.To(iterates));
        PassPosition(c);
        c.CallIndirect(operations, operation, target: Gpr.Rsi);
        if (!c.IsWide)
            c.AddImmediate(Gpr.Rsp, c.Word);
        c.Return();

        c.K.Local(iterates);
        if (operation == VfsLayout.Read && c.K.Traits.Vfs.ReadsZeroByIterator)
        {
            c.CompareWithZero(operations, VfsLayout.ReadIter);
            c.K.je(c.K.To(CompiledCode.Impossible));
            PassPosition(c);
            c.Call(IteratedRead.NewSyncRead);
            if (!c.IsWide)
                c.AddImmediate(Gpr.Rsp, c.Word);
            c.Return();
        }
        else
        {
            c.K.jmp(c.K.To(CompiledCode.Impossible));
        }
    }

    private static void PassPosition(CompiledCode c)
    {
        if (c.IsWide)
            return;
        c.Load(Gpr.Rbx, Gpr.Rbp, FourthArgument);
        c.Push(Gpr.Rbx);
    }

    /// <summary><c>file_start_write</c> and <c>file_end_write</c>: only the file systems of regular files can be frozen.</summary>
    private static void TestForRegular(CompiledCode c, Gpr file)
    {
        c.Load(Gpr.Rax, file, VfsLayout.FileInode);
        c.Load16(Gpr.Rax, Gpr.Rax, VfsLayout.InodeMode);
        c.K.and(eax, VfsLayout.TypeMask);
        c.K.cmp(eax, VfsLayout.Regular);
        c.K.je(c.K.To(CompiledCode.Impossible));
    }

    /// <summary>Whether to write, file, position, size. Returns 0 or an error, and before Linux 4.8 the size that one call moves at most.</summary>
    private static void EmitVerifyArea(CompiledCode c)
    {
        const string invalid = VerifyArea + ".einval", done = VerifyArea + ".out";
        KernelAssembler k = c.K;
        VfsTraits traits = k.Traits.Vfs;
        Gpr direction = c.Argument(0), file = c.Argument(1), position = c.Argument(2);
        Gpr size = traits.AreaCheckLimits || !c.IsWide ? c.Kept(0) : c.Argument(3);
        bool asksFirst = traits.AsksWatchersFirst;
        c.Function(VerifyArea, kept: asksFirst ? 2 : size == c.Kept(0) ? c.IsWide ? 1 : 2 : 0);
        if (!c.IsWide)
            c.Load(size, Gpr.Rbp, FourthArgument);
        else if (size == c.Kept(0))
            c.Move(size, c.Argument(3));
        c.Test(size);
        k.js(k.To(invalid));
        Gpr scratch = c.IsWide ? Gpr.R8 : c.Kept(1);
        if (traits.HasMandatoryLocks)
            FileEvents.LoadInode(c, scratch, file);
        if (c.IsWide)
        {
            c.Load(Gpr.Rax, position, 0);
            c.Test(Gpr.Rax);
            k.js(k.To(CompiledCode.Impossible));
            c.Add(Gpr.Rax, size);
            k.js(k.To(CompiledCode.Impossible));
        }
        else
        {
            // The direction goes to the stack: two words of a position leave no register for it.
            c.Push(direction);
            c.Load(Gpr.Rax, position, 0);
            c.Load(Gpr.Rcx, position, 4);
            c.Test(Gpr.Rcx);
            k.js(k.To(CompiledCode.Impossible));
            k.add(eax, c.Narrow(size));
            k.adc(ecx, 0);
            k.js(k.To(CompiledCode.Impossible));
            c.Pop(direction);
        }

        if (traits.HasMandatoryLocks)
        {
            c.CompareWithZero(scratch, VfsLayout.InodeLocks);
            k.jne(k.To(CompiledCode.Impossible));
        }

        // MAY_READ is 4, MAY_WRITE 2.
        Gpr mask = Gpr.Rcx;
        c.Move32(mask, direction);
        k.neg(c.Narrow(mask));
        k.sbb(c.Narrow(mask), c.Narrow(mask));
        k.and(c.Narrow(mask), -MayWrite);
        k.add(c.Narrow(mask), SecurityHooks.MayRead);
        if (asksFirst)
        {
            c.Move(c.Kept(0), file);
            c.Move32(c.Kept(1), mask);
            FileEvents.AskPermission(c, c.Kept(0), c.Kept(1));
            file = c.Kept(0);
            mask = c.Kept(1);
        }

        c.Move(c.Argument(0), file);
        c.Move(c.Argument(1), mask);
        if (!traits.AreaCheckLimits)
        {
            c.ReturnFrom(SecurityHooks.Symbol);
        }
        else
        {
            c.Call(SecurityHooks.Symbol);
            c.SignExtendResult();
            c.Test(Gpr.Rax);
            k.jne(k.To(done));
            c.Limit(size, MaxTransfer, Gpr.Rax);
            c.Move(Gpr.Rax, size);
            k.Local(done);
            c.Return();
        }

        k.Local(invalid);
        c.Error(Errno.EINVAL);
        c.Return();
    }
}
