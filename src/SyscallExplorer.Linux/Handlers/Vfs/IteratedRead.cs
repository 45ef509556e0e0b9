using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>new_sync_read</c>: a buffer and a size become a request (<c>kiocb</c>) and an iterator over one segment (<c>iov_iter</c>), on the stack; and how zeros go
/// into such an iterator.
/// </summary>
internal static class IteratedRead
{
    public const string NewSyncRead = "new_sync_read", IteratorZero = "iov_iter_zero";
    private const string IteratorInit = "iov_iter_init";

    /// <summary><c>iov_iter</c>, in bytes: kind, how far into the segment, how much is left, the segments, and how many.</summary>
    private const int Kind = 0, Offset = 8, Segments = 24, SegmentCount = 32;
    public const int Count = 16;

    /// <summary><c>kiocb</c> in bytes: the file, the position, who is told, flags.</summary>
    private const int RequestFile = 0, RequestPosition = 8, RequestDone = 16, RequestPrivate = 24, RequestFlags = 32;
    private const int AppendFlag = 2, DirectFlag = 4;

    /// <summary>On the stack, in bytes: one segment, the request, the iterator, the canary.</summary>
    private const int Segment = 0, Request = 16, Iterator = 64, Canary = 8, Bytes = 104 + Canary;

    /// <summary>Other kinds than segments of user memory: the kernel's own, and pages.</summary>
    private const int OtherKinds = 2 | 4;
    private const int Queued = -529;

    public static void Emit(CompiledCode c)
    {
        if (!c.K.Traits.Vfs.ReadsZeroByIterator)
            return;
        EmitNewSyncRead(c);
        EmitInit(c);
        EmitZero(c);
    }

    private static void EmitNewSyncRead(CompiledCode c)
    {
        KernelAssembler k = c.K;
        string buffered = NewSyncRead + ".buffered", still = NewSyncRead + ".still";
        Gpr file = c.Kept(0), position = c.Kept(1), size = c.IsWide ? c.Argument(2) : Gpr.Rcx;
        c.Function(NewSyncRead, kept: 2, locals: Bytes / c.Word);
        c.Move(file, c.Argument(0));
        if (c.IsWide)
            c.Move(position, c.Argument(3));
        else
            c.Load(position, Gpr.Rbp, 8);
        c.Protect();
        c.Store(Gpr.Rsp, Segment, c.Argument(1));
        c.Store(Gpr.Rsp, Segment + 8, size);
        foreach (int field in (ReadOnlySpan<int>)[RequestDone, RequestPrivate, RequestFlags])
            c.StoreConstant(Gpr.Rsp, Request + field, 0);
        c.Store(Gpr.Rsp, Request + RequestFile, file);

        // iocb_flags: the file's flags, and whether its memory is the device's own.
        c.Load32(Gpr.Rax, file, VfsLayout.FileFlags);
        k.shr(eax, 9);
        k.and(eax, AppendFlag);
        c.TestFlags(file, VfsLayout.FileFlags, VfsLayout.Direct);
        k.jne(k.To(still));
        Gpr scratch = c.IsWide ? Gpr.R8 : Gpr.Rdx;
        c.Load(scratch, file, VfsLayout.FileMapping);
        c.Load(scratch, scratch, VfsLayout.MappingHost);
        c.TestFlags(scratch, VfsLayout.InodeFlags, VfsLayout.Dax);
        k.je(k.To(buffered));
        k.Local(still);
        k.or(eax, DirectFlag);
        k.Local(buffered);
        c.Store32(Gpr.Rsp, Request + RequestFlags, Gpr.Rax);
        for (int part = 0; part < 8; part += c.Word)
        {
            c.Load(Gpr.Rax, position, part);
            c.Store(Gpr.Rsp, Request + RequestPosition + part, Gpr.Rax);
        }

        // Iterator, direction, segments, how many, size.
        if (c.IsWide)
        {
            c.Move(Gpr.R8, size);
            c.Constant(c.Argument(3), 1);
            c.AddressOf(c.Argument(2), Gpr.Rsp, Segment);
            c.Constant(c.Argument(1), 0);
            c.AddressOf(c.Argument(0), Gpr.Rsp, Iterator);
            c.Call(IteratorInit);
        }
        else
        {
            c.Push(size);
            c.PushImmediate(1);
            c.AddressOf(Gpr.Rcx, Gpr.Rsp, Segment + 8);
            c.Constant(Gpr.Rdx, 0);
            c.AddressOf(Gpr.Rax, Gpr.Rsp, Iterator + 8);
            c.Call(IteratorInit);
            c.AddImmediate(Gpr.Rsp, 8);
        }

        c.AddressOf(c.Argument(1), Gpr.Rsp, Iterator);
        c.AddressOf(c.Argument(0), Gpr.Rsp, Request);
        c.Load(Gpr.Rcx, file, VfsLayout.FileOperations);
        c.CallIndirect(Gpr.Rcx, VfsLayout.ReadIter, target: Gpr.Rcx);
        c.CompareImmediate(Gpr.Rax, Queued);
        k.je(k.To(CompiledCode.Impossible));
        for (int part = 0; part < 8; part += c.Word)
        {
            c.Load(Gpr.Rdx, Gpr.Rsp, Request + RequestPosition + part);
            c.Store(position, part, Gpr.Rdx);
        }

        c.Return();
    }

    private static void EmitInit(CompiledCode c)
    {
        Gpr iterator = c.Argument(0);
        c.Function(IteratorInit, kept: c.IsWide ? 0 : 1);
        c.Store32(iterator, Kind, c.Argument(1));
        c.Store(iterator, Segments, c.Argument(2));
        foreach ((int field, int argument) in (ReadOnlySpan<(int, int)>)[(SegmentCount, 3), (Count, 4)])
        {
            if (!c.IsWide)
                c.Load(c.Kept(0), Gpr.Rbp, 8 + (argument - 3) * 4);
            c.Store(iterator, field, c.IsWide ? c.Argument(argument) : c.Kept(0));
        }

        c.StoreConstant(iterator, Offset, 0);
        c.Return();
    }

    /// <summary>How many bytes, and the iterator. Returns how many became zero.</summary>
    private static void EmitZero(CompiledCode c)
    {
        const string none = IteratorZero + ".none", within = IteratorZero + ".within";
        KernelAssembler k = c.K;
        Gpr iterator = c.Kept(0), segment = c.Kept(1), count = c.Kept(2);
        c.Function(IteratorZero, kept: 3);
        c.Move(iterator, c.Argument(1));
        c.Move(count, c.Argument(0));
        c.Load(Gpr.Rdx, iterator, Count);
        c.Lesser(count, Gpr.Rdx);
        c.Test(count);
        k.je(k.To(none));
        c.TestFlags(iterator, Kind, OtherKinds);
        k.jne(k.To(CompiledCode.Impossible));

        // The one segment: what is left of it, and where that begins.
        c.Load(segment, iterator, Segments);
        c.Load(Gpr.Rcx, iterator, Offset);
        c.Load(Gpr.Rdx, segment, 8);
        c.Subtract(Gpr.Rdx, Gpr.Rcx);
        c.Lesser(count, Gpr.Rdx);
        c.Load(c.Argument(0), segment, 0);
        c.Add(c.Argument(0), Gpr.Rcx);
        c.Move(c.Argument(1), count);
        ClearUser.Call(c);
        c.Subtract(count, Gpr.Rax);
        c.Load(Gpr.Rdx, iterator, Offset);
        c.Add(Gpr.Rdx, count);
        c.Load(Gpr.Rcx, segment, 8);
        c.Compare(Gpr.Rcx, Gpr.Rdx);
        k.jne(k.To(within));
        c.AddImmediate(segment, 16);
        c.Store(iterator, Segments, segment);
        c.Load(Gpr.Rcx, iterator, SegmentCount);
        c.AddImmediate(Gpr.Rcx, -1);
        c.Store(iterator, SegmentCount, Gpr.Rcx);
        c.Constant(Gpr.Rdx, 0);
        k.Local(within);
        c.Store(iterator, Offset, Gpr.Rdx);
        c.Load(Gpr.Rcx, iterator, Count);
        c.Subtract(Gpr.Rcx, count);
        c.Store(iterator, Count, Gpr.Rcx);
        c.Move(Gpr.Rax, count);
        c.Return();
        k.Local(none);
        c.Constant(Gpr.Rax, 0);
        c.Return();
    }
}
