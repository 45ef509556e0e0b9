namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>The tests that pass in the kit, as rows. docs/selftests.md has those of a real kernel beside them, and what is missing.</summary>
internal static class SelfTestRows
{
    internal static IReadOnlyList<SelfTest> All { get; } =
    [
        new("check_initial_reg_state", 64, 2) { Start = "real_start" },
        new("check_initial_reg_state", 32, 2) { Start = "real_start" },
        new("sigtrap_loop", 64, 1),
        new("sigtrap_loop", 32, 1),
        new("syscall_nt", 64, 9),
        new("syscall_nt", 32, 9),
        new("single_step_syscall", 64, 6),
        new("single_step_syscall", 32, 5),
        new("sigaltstack", 64, 1),
        new("sigaltstack", 32, 1),
        new("test_mremap_vdso", 64, 1),
        new("test_mremap_vdso", 32, 1),
        new("syscall_numbering", 64, 1191),
        new("fsgsbase", 64, 110),
        new("fsgsbase_restore", 64, 4),
        new("fsgsbase_restore", 32, 4),
        new("ptrace_syscall", 64, 10),
        new("ptrace_syscall", 32, 12) { Companion = "raw_syscall_helper_32.S" },
        new("mov_ss_trap", 64, 1),
        new("mov_ss_trap", 32, 1),
        new("sysret_ss_attrs", 64, 1) { Companion = "thunks.S" },
        new("sysret_rip", 64, 52),
        new("sysret_ss_attrs", 32, 1),
        new("syscall_arg_fault", 64, 5),
        new("syscall_arg_fault", 32, 2),
        new("corrupt_xstate_header", 64, 3),
        new("iopl", 64, 1),
        new("iopl", 32, 1),
        new("ioperm", 64, 3),
        new("ioperm", 32, 3),
        new("test_syscall_vdso", 32, 8) { Companion = "thunks_32.S" },
        new("test_FCMOV", 32, 1),
        new("test_FCOMI", 32, 1),
        new("test_FISTTP", 32, 1),
        new("unwind_vdso", 32, 10) { IsDynamic = true },
        new("vdso_restorer", 32, 2) { IsDynamic = true },
        new("test_vsyscall", 64, 11) { IsDynamic = true },
        new("test_vsyscall", 32, 2) { IsDynamic = true },
    ];
}
