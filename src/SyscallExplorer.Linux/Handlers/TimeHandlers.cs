using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux;

/// <summary>time, gettimeofday and clock_gettime of 64-bit kernels.</summary>
internal static class TimeHandlers
{
    private const string PutTime = "put_timespec64", PutOldTime = "put_old_timespec32";

    public static void Emit(KernelAssembler k)
    {
        k.Composed();
        k.Phase(PhaseKind.Handler);
        var c = new CompiledCode(k);
        PosixClocks.Emit(c);
        CopyToUser.Emit(c);
        EmitPutTime(c, PutTime, wide: true);
        EmitPutTime(c, PutOldTime, wide: false);
    }

    public static void Time(KernelAssembler k) => EmitTime(k, "time", wide: true);

    public static void Time32(KernelAssembler k) => EmitTime(k, "time32", wide: false);

    public static void GetTimeOfDay(KernelAssembler k) => EmitGetTimeOfDay(k, "gettimeofday", wide: true);

    public static void GetTimeOfDay32(KernelAssembler k) => EmitGetTimeOfDay(k, "gettimeofday32", wide: false);

    public static void ClockGetTime(KernelAssembler k) => EmitClockGetTime(k, "clock_gettime", PutTime);

    public static void ClockGetTime32(KernelAssembler k) => EmitClockGetTime(k, "clock_gettime32", PutOldTime);

    private static void EmitTime(KernelAssembler k, string name, bool wide)
    {
        var c = new CompiledCode(k);
        c.Function(null, kept: 1);
        c.Move(c.Kept(0), Gpr.Rdi);
        c.Call(PosixClocks.ReadSeconds(k));
        c.Move(Gpr.Rdi, c.Kept(0));
        c.Test(Gpr.Rdi);
        k.je(k.To(name + ".out"));
        UserAccess.Check(k, rdi, name + ".efault");
        UserAccess.Open(k);
        k.MayFault(name + ".efault");
        if (wide)
            k.mov(__qword_ptr[rdi], rax);
        else
            k.mov(__dword_ptr[rdi], eax);
        UserAccess.Close(k);
        k.Local(name + ".out");
        c.Return();
        k.Local(name + ".efault");
        UserAccess.Close(k);
        c.Error(Errno.EFAULT);
        c.Return();
    }

    /// <summary>Where the time goes, where the zone goes; either may be none.</summary>
    private static void EmitGetTimeOfDay(KernelAssembler k, string name, bool wide)
    {
        string noTime = name + ".zone", done = name + ".out", fault = name + ".efault";
        int word = wide ? 8 : 4;
        var c = new CompiledCode(k);
        Gpr time = c.Kept(0), zone = c.Kept(1);
        c.Function(null, kept: 2, locals: 3);
        c.Move(time, Gpr.Rdi);
        c.Move(zone, Gpr.Rsi);
        c.Protect();
        c.Test(time);
        k.je(k.To(noTime));
        c.Move(Gpr.Rdi, Gpr.Rsp);
        c.Call(PosixClocks.ReadTimeOfDay(c));
        k.mov(edx, __dword_ptr[rsp + 8]);

        // A compiler multiplies where it divides by a constant.
        k.imul(rdx, rdx, DivideByThousand.Multiplier);
        k.shr(rdx, DivideByThousand.Shift);
        if (wide)
            k.mov(__qword_ptr[rsp + 8], rdx);
        else
            k.mov(__dword_ptr[rsp + 4], edx);
        c.Move(Gpr.Rdi, time);
        c.Move(Gpr.Rsi, Gpr.Rsp);
        c.Constant(Gpr.Rdx, 2 * word);
        c.Call(CopyToUser.Symbol);
        c.Test(Gpr.Rax);
        k.jne(k.To(fault));
        k.Local(noTime);
        c.Test(zone);
        k.je(k.To(done));
        c.Move(Gpr.Rdi, zone);
        k.mov(rsi, KernelLayout.Timekeeper + TimekeeperLayout.TimezoneMinutesWest);
        c.Constant(Gpr.Rdx, 8);
        c.Call(CopyToUser.Symbol);
        c.Test(Gpr.Rax);
        k.jne(k.To(fault));
        k.Local(done);
        c.Constant(Gpr.Rax, 0);
        c.Return();
        k.Local(fault);
        c.Error(Errno.EFAULT);
        c.Return();
    }

    /// <summary>Clock, where its time goes.</summary>
    private static void EmitClockGetTime(KernelAssembler k, string name, string put)
    {
        string none = name + ".einval", done = name + ".out";
        var c = new CompiledCode(k);
        Gpr clock = c.Kept(0), time = c.Kept(1);
        c.Function(null, kept: 2, locals: 3);
        c.Move32(clock, Gpr.Rdi);
        c.Move(time, Gpr.Rsi);
        c.Protect();
        c.Move32(Gpr.Rdi, clock);
        c.Call(PosixClocks.Lookup);
        c.Test(Gpr.Rax);
        k.je(k.To(none));
        c.Move(Gpr.Rsi, Gpr.Rsp);
        c.Move32(Gpr.Rdi, clock);
        c.CallIndirect(Gpr.Rax, PosixClockTable.GetTime, Gpr.Rcx);
        c.Test32(Gpr.Rax);
        k.jne(k.To(done));
        c.Move(Gpr.Rdi, Gpr.Rsp);
        c.Move(Gpr.Rsi, time);
        c.Call(put);
        k.Local(done);
        k.cdqe();
        c.Return();
        k.Local(none);
        c.Error(Errno.EINVAL);
        c.Return();
    }

    /// <summary>A time in kernel memory, and where it goes in the program's.</summary>
    private static void EmitPutTime(CompiledCode c, string name, bool wide)
    {
        KernelAssembler k = c.K;
        string fault = name + ".efault";
        c.Function(name, kept: 0, locals: 3);
        c.Protect();
        k.mov(rdx, __qword_ptr[rdi]);
        k.mov(rcx, __qword_ptr[rdi + 8]);
        if (wide)
        {
            k.mov(__qword_ptr[rsp], rdx);
            k.mov(__qword_ptr[rsp + 8], rcx);
        }
        else
        {
            k.mov(__dword_ptr[rsp], edx);
            k.mov(__dword_ptr[rsp + 4], ecx);
        }

        c.Move(Gpr.Rdi, Gpr.Rsi);
        c.Move(Gpr.Rsi, Gpr.Rsp);
        c.Constant(Gpr.Rdx, wide ? 16 : 8);
        c.Call(CopyToUser.Symbol);
        c.Test(Gpr.Rax);
        k.jne(k.To(fault));
        c.Constant(Gpr.Rax, 0);
        c.Return();
        k.Local(fault);
        k.mov(eax, -Errno.EFAULT);
        c.Return();
    }
}
