using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>Why a figure is not to be had, as a sentence.</summary>
internal static class Absence
{
    public static string Sentence(NativeSubject subject, ChildRun run)
    {
        ChildEnd end = run.End;
        if (subject.Bitness == 32 && end.StartError != 0)
        {
            return end.StartError == Errno.ENOEXEC
                ? "The kernel runs no 32-bit programs: execve gives ENOEXEC for one. It was built without IA32 emulation, or booted with ia32_emulation=off."
                : $"The 32-bit program did not start: {run.Failure}.";
        }

        if (end.ExitCode == NativeSubjects.NoKernelVsyscall && subject.Way == NativeWay.KernelVsyscall)
            return "The kernel gives 32-bit programs no __kernel_vsyscall (AT_SYSINFO): it was booted with vdso32=0, or has none.";
        return (end.Signal, subject.Way) switch
        {
            (SignalNumbers.SIGSEGV, NativeWay.VsyscallPage) => "SIGSEGV: there is no vsyscall page. The kernel was built without it, or booted with vsyscall=none.",
            (SignalNumbers.SIGSEGV, NativeWay.Int80From64Bit) => "SIGSEGV: vector 80h is closed. The kernel was built without IA32 emulation, or booted with ia32_emulation=off.",
            (SignalNumbers.SIGILL, NativeWay.Instruction) => $"SIGILL: the processor has no {subject.Call}, or the hypervisor hides it.",
            (SignalNumbers.SIGSEGV, NativeWay.Instruction) => $"SIGSEGV: the kernel does not let programs execute {subject.Call}.",
            (SignalNumbers.SIGSYS, _) => "SIGSYS: a seccomp filter forbids the call.",
            ( > 0, _) => $"{SignalNumbers.Name(end.Signal)} ended the program that measures it.",
            _ => $"The program that measures it failed: {run.Failure}.",
        };
    }
}
