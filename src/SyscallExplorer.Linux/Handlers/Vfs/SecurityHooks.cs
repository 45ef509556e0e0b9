using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>
/// <c>security_file_permission</c>: what the security modules have to say to a read or a write. Distributions come with one that looks at each, SELinux or AppArmor,
/// here the latter with a task that no profile confines; later ones have the module of BPF beside it.
/// </summary>
internal static class SecurityHooks
{
    public const string Symbol = "security_file_permission";
    public const string AppArmor = "apparmor_file_permission", Bpf = "bpf_lsm_file_permission";
    private const string Common = "common_file_perm";

    /// <summary>MAY_READ.</summary>
    public const int MayRead = 4;

    public static void Emit(CompiledCode c)
    {
        EmitPermission(c);
        EmitAppArmor(c);
        if (c.K.Traits.Vfs.SecurityModules.Contains(Bpf))
        {
            c.Function(Bpf);
            c.Constant(Gpr.Rax, 0);
            c.Return();
        }
    }

    /// <summary>File, and what is wanted of it.</summary>
    private static void EmitPermission(CompiledCode c)
    {
        const string done = Symbol + ".out";
        Gpr file = c.Kept(0), mask = c.Kept(1), hook = c.Kept(2);
        VfsTraits traits = c.K.Traits.Vfs;
        c.Function(Symbol, kept: traits.HasHookLists && !traits.CallsModulesDirectly ? 3 : 2);
        c.Move(file, c.Argument(0));
        c.Move32(mask, c.Argument(1));
        if (traits.CallsModulesDirectly)
            CallDirectly(c, file, mask, done);
        else if (traits.HasHookLists)
            WalkList(c, file, mask, hook, done);
        else
            CallTheOne(c, done);
        if (!traits.AsksWatchersFirst)
            FileEvents.AskPermission(c, file, mask);
        c.Constant(Gpr.Rax, 0);
        c.K.Local(done);
        c.Return();
    }

    private static void CallTheOne(CompiledCode c, string refused)
    {
        c.LoadGlobal(Gpr.Rcx, VfsRecords.Of(c.K.Traits).HookList);
        c.CallIndirect(Gpr.Rcx, VfsLayout.HookFunction, target: Gpr.Rcx);
        c.Test32(Gpr.Rax);
        c.K.jne(c.K.To(refused));
    }

    private static void WalkList(CompiledCode c, Gpr file, Gpr mask, Gpr hook, string refused)
    {
        const string next = Symbol + ".next", end = Symbol + ".end";
        c.LoadGlobal(hook, VfsRecords.Of(c.K.Traits).HookList);
        c.Test(hook);
        c.K.je(c.K.To(end));
        c.K.Local(next);
        c.Move32(c.Argument(1), mask);
        c.Move(c.Argument(0), file);
        c.CallIndirect(hook, VfsLayout.HookFunction, target: Gpr.Rcx);
        c.Test32(Gpr.Rax);
        c.K.jne(c.K.To(refused));
        c.Load(hook, hook, VfsLayout.HookNext);
        c.Test(hook);
        c.K.jne(c.K.To(next));
        c.K.Local(end);
    }

    /// <summary>Static calls: a place for each module that there may be, a jump over it where there is none.</summary>
    private static void CallDirectly(CompiledCode c, Gpr file, Gpr mask, string refused)
    {
        foreach (string module in c.K.Traits.Vfs.SecurityModules)
        {
            c.Nop();
            c.Move32(c.Argument(1), mask);
            c.Move(c.Argument(0), file);
            c.Call(module);
            c.Test32(Gpr.Rax);
            c.K.jne(c.K.To(refused));
        }
    }

    private static void EmitAppArmor(CompiledCode c)
    {
        // Operation, file, mask: the operation's name comes first.
        c.Function(AppArmor);
        c.Move32(c.Argument(2), c.Argument(1));
        c.Move(c.Argument(1), c.Argument(0));
        c.Constant(c.Argument(0), 1);
        c.ReturnFrom(Common);

        Gpr file = c.Argument(1);
        Gpr scratch = c.IsWide ? Gpr.R8 : Gpr.Rcx;
        c.Function(Common, kept: 1);
        FileEvents.LoadInode(c, Gpr.Rax, file);
        c.TestFlags(Gpr.Rax, VfsLayout.InodeFlags, VfsLayout.Private);
        c.K.jne(c.K.To(CompiledCode.Impossible));
        c.Load(c.Kept(0), file, VfsLayout.FileSecurity);
        c.Test(c.Kept(0));
        c.K.je(c.K.To(CompiledCode.Impossible));
        c.Current(scratch);
        c.Load(scratch, scratch, TaskLayout.Cred);
        c.Load(scratch, scratch, VfsLayout.CredSecurity);
        c.Test(scratch);
        c.K.je(c.K.To(CompiledCode.Impossible));
        c.TestFlags(scratch, VfsLayout.LabelFlags, VfsLayout.Unconfined);
        c.K.je(c.K.To(CompiledCode.Impossible));
        c.Constant(Gpr.Rax, 0);
        c.Return();
    }
}
