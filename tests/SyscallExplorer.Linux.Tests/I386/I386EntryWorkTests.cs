using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Who looks at calls on 32-bit kernels: filters, tracers, probes and audit.</summary>
public sealed class I386EntryWorkTests
{
    private const int Getpid = 20, Getppid = 64, Getuid = 199, Prctl = 172, Close = 6, NoNewPrivileges = 38, SetSeccomp = 22, Filter = 2;
    private const ulong D = UserSpace.Data32, Program = 0x100, Instructions = 0x200;

    public static TheoryData<string> Names() => [.. Kernels.I386.Select(kernel => kernel.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_tracer_outside_sees_and_changes_number_argument_and_result(string kernel)
    {
        CallScript script = new CallScript(32).Call(Getppid).Call(Getpid).Call(Getuid);
        LinuxMachine machine = Load(kernel, script);
        var tracer = new Editor();
        machine.Trace(TaskIdentity.Pid, tracer);
        CallRun run = script.Finish(machine);
        Assert.Equal([TaskIdentity.Pid, 4321L, -Errno.EPERM], [run[0], run[1], run[2]]);
        Assert.Equal(["getppid", "getpid", "getuid32", "exit_group"], tracer.Entered);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_probe_sees_each_call_and_its_result(string kernel)
    {
        CallScript script = new CallScript(32).Call(Getpid).Call(Close, 99);
        LinuxMachine machine = Load(kernel, script);
        var probe = new Recorder();
        using (machine.Probe(probe))
            script.Finish(machine);
        Assert.Equal([Getpid, Close, 252L], probe.Numbers);
        Assert.Equal([TaskIdentity.Pid, -Errno.EBADF], probe.Results);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Audit_writes_each_call_as_a_record(string kernel)
    {
        CallScript script = new CallScript(32).Call(Getpid).Call(Close, 99);
        LinuxMachine machine = Load(kernel, script);
        machine.StartAudit();
        script.Finish(machine);
        Assert.Equal(2, machine.AuditLog.Count);
        Assert.Contains("arch=40000003 syscall=20 success=yes exit=1000 a0=", machine.AuditLog[0].ToString(), StringComparison.Ordinal);
        Assert.Contains("syscall=6 success=no exit=-9 a0=63 ", machine.AuditLog[1].ToString(), StringComparison.Ordinal);
    }

    /// <summary>Linux 2.6.39 has only the strict mode.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void A_filter_refuses_a_call_where_there_are_filters(string kernel)
    {
        BpfInstruction[] filter =
        [
            new(BpfCodes.LoadWord, 0, 0, 0), new(BpfCodes.Jump | BpfCodes.IfEqual, 0, 1, Getppid), new(BpfCodes.ReturnConstant, 0, 0, SeccompAction.Error | 77),
            new(BpfCodes.ReturnConstant, 0, 0, SeccompAction.Allow),
        ];
        CallScript script = new CallScript(32)
            .Holding(Program, [.. BitConverter.GetBytes(filter.Length), .. BitConverter.GetBytes((uint)(D + Instructions))])
            .Holding(Instructions, [.. filter.SelectMany(instruction => instruction.ToBytes())])
            .Call(Prctl, NoNewPrivileges, 1, 0, 0, 0).Call(Prctl, SetSeccomp, Filter, D + Program).Call(Getppid).Call(Getpid);
        CallRun run = script.Finish(Load(kernel, script));
        bool hasFilters = Kernels.Find(kernel).Traits.Version.Major > 2;
        long[] expected = hasFilters ? [0, 0, -77] : [-Errno.EINVAL, -Errno.EINVAL, TaskIdentity.ParentPid];
        Assert.Equal(expected, new[] { run[0], run[1], run[2] });
        Assert.Equal(TaskIdentity.Pid, run[3]);
    }

    private static LinuxMachine Load(string kernel, CallScript script)
    {
        LinuxMachine machine = Guest.Boot(Cpus.Core2, kernel: Kernels.Find(kernel));
        machine.Load(script.Assemble());
        return machine;
    }

    private sealed class Editor : ICallTracer
    {
        public List<string?> Entered { get; } = [];

        public void Enter(StoppedCall call)
        {
            Entered.Add(call.Name);
            if (call.Name == "getppid")
                call.Number = Getpid;
            if (call.Name == "getuid32")
                call.Skip(-Errno.EPERM);
        }

        public void Exit(StoppedCall call)
        {
            if (Entered.Count == 2)
                call.Result = 4321;
        }
    }

    private sealed class Recorder : ISyscallProbe
    {
        public List<long> Numbers { get; } = [];

        public List<long> Results { get; } = [];

        public void SysEnter(PtRegs registers, long number) => Numbers.Add(number);

        public void SysExit(PtRegs registers, long result) => Results.Add(result);
    }
}
