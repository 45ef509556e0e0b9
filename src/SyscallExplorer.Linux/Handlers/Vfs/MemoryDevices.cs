using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>/dev/null and /dev/zero: their functions for reads and writes.</summary>
internal static class MemoryDevices
{
    public const string ReadNull = "read_null", WriteNull = "write_null", ReadZero = "read_zero", ReadIterZero = "read_iter_zero";

    public static void Emit(CompiledCode c)
    {
        c.Function(ReadNull);
        c.Constant(Gpr.Rax, 0);
        c.Return();
        c.Function(WriteNull);
        c.Move(Gpr.Rax, c.Argument(2));
        c.Return();
        if (c.K.Traits.Vfs.ReadsZeroByIterator)
            EmitReadIter(c);
        else
            EmitRead(c);
        c.EmitRescheduling();
    }

    /// <summary>File, buffer, size: page by page, so that signals and other tasks have their turn.</summary>
    private static void EmitRead(CompiledCode c)
    {
        const string again = ReadZero + ".again", cut = ReadZero + ".short", none = ReadZero + ".none", done = ReadZero + ".out";
        KernelAssembler k = c.K;
        Gpr buffer = c.Kept(0), left = c.Kept(1), cleared = c.Kept(2);
        c.Function(ReadZero, kept: 3, locals: 1);
        c.Move(buffer, c.Argument(1));
        c.Move(left, c.Argument(2));
        c.Constant(cleared, 0);
        c.Test(left);
        k.je(k.To(none));
        if (!k.Traits.Vfs.ReadsZeroWithChecks)
            c.CheckRange(buffer, left, ReadZero + ".efault");
        k.Local(again);
        c.Move(c.Argument(1), left);
        c.LimitToPage(c.Argument(1), Gpr.Rax);
        c.Store(Gpr.Rsp, 0, c.Argument(1));
        c.Move(c.Argument(0), buffer);
        ClearUser.Call(c);
        c.Load(Gpr.Rdx, Gpr.Rsp, 0);
        c.Test(Gpr.Rax);
        k.jne(k.To(cut));
        c.Add(cleared, Gpr.Rdx);
        c.Add(buffer, Gpr.Rdx);
        c.Subtract(left, Gpr.Rdx);
        TestSignal(c, done);
        c.ConditionallyReschedule();
        c.Test(left);
        k.jne(k.To(again));
        k.Local(done);
        c.Move(Gpr.Rax, cleared);
        c.Return();

        k.Local(cut);
        c.Add(cleared, Gpr.Rdx);
        c.Subtract(cleared, Gpr.Rax);
        k.jne(k.To(done));
        k.Local(ReadZero + ".efault");
        c.Error(Errno.EFAULT);
        c.Return();
        k.Local(none);
        c.Constant(Gpr.Rax, 0);
        c.Return();
    }

    /// <summary>The request, and the iterator.</summary>
    private static void EmitReadIter(CompiledCode c)
    {
        const string again = ReadIterZero + ".again", moved = ReadIterZero + ".moved", done = ReadIterZero + ".out";
        KernelAssembler k = c.K;
        Gpr iterator = c.Kept(0), written = c.Kept(1);
        c.Function(ReadIterZero, kept: 2);
        c.Move(iterator, c.Argument(1));
        c.Constant(written, 0);
        k.Local(again);
        c.Load(c.Argument(0), iterator, IteratedRead.Count);
        c.Test(c.Argument(0));
        k.je(k.To(done));
        c.LimitToPage(c.Argument(0), Gpr.Rdx);
        c.Move(c.Argument(1), iterator);
        c.Call(IteratedRead.IteratorZero);
        c.Test(Gpr.Rax);
        k.jne(k.To(moved));
        c.CompareWithZero(iterator, IteratedRead.Count);
        k.je(k.To(moved));
        c.Test(written);
        k.jne(k.To(done));
        c.Error(Errno.EFAULT);
        c.Return();
        k.Local(moved);
        c.Add(written, Gpr.Rax);
        TestSignal(c, done);
        c.ConditionallyReschedule();
        k.jmp(k.To(again));
        k.Local(done);
        c.Move(Gpr.Rax, written);
        c.Return();
    }

    /// <summary><c>signal_pending</c>: what has been read by then is the result.</summary>
    private static void TestSignal(CompiledCode c, string pending)
    {
        c.Current(Gpr.Rax);
        c.TestFlags(Gpr.Rax, TaskLayout.ThreadFlags, ThreadFlags.SigPending);
        c.K.jne(c.K.To(pending));
    }
}
