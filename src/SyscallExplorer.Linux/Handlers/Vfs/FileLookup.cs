using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>From a descriptor to its file: the light way without a count where nobody shares the table, and the other one.</summary>
internal static class FileLookup
{
    /// <summary>FDPUT_FPUT: the caller has to give the file back.</summary>
    public const int HasReference = 1;

    /// <summary>FDPUT_POS_UNLOCK.</summary>
    public const int HasPositionLock = 2;
    private const string Light = "__fget_light", Full = "__fget_files";

    public static void Emit(CompiledCode c)
    {
        VfsTraits traits = c.K.Traits.Vfs;
        if (traits.LooksForPositionLock)
        {
            EmitWithPosition(c, traits.Lookup);
            EmitLight(c, Light);
        }
        else
        {
            EmitLight(c, traits.Lookup);
        }

        EmitFull(c);
        EmitPut(c);
    }

    private static void EmitWithPosition(CompiledCode c, string name)
    {
        string none = name + ".out";
        c.Function(name);
        c.Call(Light);
        c.Move(Gpr.Rdx, Gpr.Rax);
        c.AndImmediate(Gpr.Rdx, ~(HasReference | HasPositionLock));
        c.K.je(c.K.To(none));
        c.TestFlags(Gpr.Rdx, VfsLayout.FileMode, VfsLayout.ModeAtomicPosition);
        c.K.jne(c.K.To(CompiledCode.Impossible));
        c.K.Local(none);
        c.Return();
    }

    /// <summary>
    /// The descriptor comes in the first argument. The file returns, with the lowest bit set where its count was raised; before Linux 3.14 the second argument leads to
    /// the word that says so.
    /// </summary>
    private static void EmitLight(CompiledCode c, string name)
    {
        Gpr descriptor = c.Argument(0);
        bool tells = !c.K.Traits.Vfs.LooksForPositionLock;
        string shared = name + ".shared", none = name + ".none";
        Gpr table = c.IsWide || !tells ? Gpr.Rdx : Gpr.Rbx;
        c.Function(name, kept: table == Gpr.Rbx ? 1 : 0);
        if (tells)
            c.StoreConstant32(c.Argument(1), 0, 0);
        Gpr files = tells && c.IsWide ? Gpr.R8 : table;
        c.Current(files);
        c.Load(files, files, TaskLayout.Files);
        c.K.cmp(c.IsWide ? __dword_ptr[c.Wide(files) + VfsLayout.FilesCount] : __dword_ptr[c.Narrow(files) + VfsLayout.FilesCount], 1);
        c.K.jne(c.K.To(shared));
        Find(c, files, descriptor, none);
        c.K.je(c.K.To(none));
        c.TestFlags(Gpr.Rax, VfsLayout.FileMode, VfsLayout.ModePath);
        c.K.jne(c.K.To(none));
        c.Return();
        c.K.Local(none);
        c.Constant(Gpr.Rax, 0);
        c.Return();

        c.K.Local(shared);
        if (tells)
            c.Push(c.Argument(1));
        c.Call(Full);
        if (tells)
            c.Pop(c.Argument(1));
        c.Test(Gpr.Rax);
        c.K.je(c.K.To(none));
        if (tells)
            c.StoreConstant32(c.Argument(1), 0, 1);
        else if (c.IsWide)
            c.K.or(rax, HasReference);
        else
            c.K.or(eax, HasReference);
        c.Return();
    }

    /// <summary>RAX becomes the file of a table, and the zero flag says that there is none. RCX is overwritten.</summary>
    private static void Find(CompiledCode c, Gpr files, Gpr descriptor, string none)
    {
        Gpr index = descriptor;
        c.Load(files, files, VfsLayout.FilesTable);
        c.Load32(Gpr.Rcx, files, VfsLayout.TableSize);
        c.K.cmp(c.Narrow(descriptor), ecx);
        c.K.jae(c.K.To(none));
        if (c.IsWide)
            c.Move32(descriptor, descriptor);
        if (c.K.Traits.Vfs.MasksDescriptor)
        {
            c.K.Mitigation("index mask", () =>
            {
                c.Compare(descriptor, Gpr.Rcx);
                if (c.IsWide)
                    c.K.sbb(rcx, rcx);
                else
                    c.K.sbb(ecx, ecx);
                c.K.and(ecx, c.Narrow(descriptor));
            });
            index = Gpr.Rcx;
        }

        c.Load(files, files, VfsLayout.TableEntries);
        c.LoadShortPointer(Gpr.Rax, files, index);
        c.Test(Gpr.Rax);
    }

    /// <summary>The way for a table that others may change: the file's count is raised.</summary>
    private static void EmitFull(CompiledCode c)
    {
        const string none = Full + ".none";
        c.Function(Full, kept: 1);
        c.Current(c.Kept(0));
        c.Load(c.Kept(0), c.Kept(0), TaskLayout.Files);
        Find(c, c.Kept(0), c.Argument(0), none);
        c.K.je(c.K.To(none));
        c.TestFlags(Gpr.Rax, VfsLayout.FileMode, VfsLayout.ModePath);
        c.K.jne(c.K.To(none));
        c.K.@lock.inc(c.IsWide ? __qword_ptr[rax + VfsLayout.FileCount] : __dword_ptr[eax + VfsLayout.FileCount]);
        c.Return();
        c.K.Local(none);
        c.Constant(Gpr.Rax, 0);
        c.Return();
    }

    private static void EmitPut(CompiledCode c)
    {
        Gpr file = c.Argument(0);
        c.Function("fput");
        c.K.@lock.dec(c.IsWide ? __qword_ptr[c.Wide(file) + VfsLayout.FileCount] : __dword_ptr[c.Narrow(file) + VfsLayout.FileCount]);
        c.K.je(c.K.To(CompiledCode.Impossible));
        c.Return();
    }
}
