using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Filters, user dispatch, tracers, probes and audit at the entry of real calls.</summary>
public sealed class EntryWorkTests
{
    private const int Prctl = 157, Seccomp = 317, Getppid = 110, Getpid = 39, Fork = 57, NoNewPrivileges = 38;
    private const ulong D = UserSpace.Data64, Program = 0x100, Instructions = 0x200;

    private static BpfInstruction[] Refuse(int number, uint result) =>
    [
        new(BpfCodes.LoadWord, 0, 0, 0), new(BpfCodes.Jump | BpfCodes.IfEqual, 0, 1, (uint)number), new(BpfCodes.ReturnConstant, 0, 0, result),
        new(BpfCodes.ReturnConstant, 0, 0, SeccompAction.Allow),
    ];

    private static CallScript WithFilter(BpfInstruction[] filter) => new CallScript(64)
        .Holding(Program, [.. BitConverter.GetBytes((long)filter.Length), .. BitConverter.GetBytes(D + Instructions)])
        .Holding(Instructions, [.. filter.SelectMany(instruction => instruction.ToBytes())]);

    [Fact]
    public void A_filter_makes_a_call_fail_without_its_being_done()
    {
        CallRun run = WithFilter(Refuse(Getppid, SeccompAction.Error | 77)).Call(Seccomp, 1, 0, D + Program).Call(Prctl, NoNewPrivileges, 1, 0, 0, 0)
            .Call(Seccomp, 1, 0, D + Program).Call(Getppid).Call(Getpid).Run();
        Assert.Equal([-Errno.EACCES, 0L, 0, -77, TaskIdentity.Pid], [run[0], run[1], run[2], run[3], run[4]]);
        Assert.Equal(0, run.Machine.ExitStatus);
    }

    [Theory]
    [InlineData(SeccompAction.KillProcess)]
    [InlineData(SeccompAction.KillThread)]
    [InlineData(SeccompAction.Trap)]
    [InlineData(0x1234_0000u)]
    public void A_filter_that_kills_ends_the_program_by_SIGSYS_with_a_report(uint result)
    {
        LinuxMachine machine = WithFilter(Refuse(Getppid, result)).Call(Prctl, NoNewPrivileges, 1, 0, 0, 0).Call(Seccomp, 1, 0, D + Program).Call(Getppid).Run().Machine;
        Assert.Equal(SignalNumbers.SIGSYS, machine.Signal);
        Assert.NotNull(machine.Fatal);
        Assert.Equal((ulong)Getppid, machine.Fatal.Registers[PtRegsOffsets.Ax]);
    }

    [Fact]
    public void A_filter_costs_by_the_instructions_that_it_runs()
    {
        long Clock(BpfInstruction[] filter) => WithFilter(filter).Call(Prctl, NoNewPrivileges, 1, 0, 0, 0).Call(Seccomp, 1, 0, D + Program).Call(Getpid).Run()
            .Machine.Processor.Clock;
        BpfInstruction[] brief = Refuse(Getppid, SeccompAction.Allow);
        BpfInstruction[] padded = [.. Enumerable.Repeat(new BpfInstruction(BpfCodes.Load, 0, 0, 0), 100), .. brief];
        long instruction = Guest.Boot().Costs["seccomp_instruction"].Cost;
        const int callsAfterwards = 2;
        Assert.Equal(callsAfterwards * 100 * instruction, Clock(padded) - Clock(brief));
    }

    [Fact]
    public void User_dispatch_blocks_by_the_selector_and_is_told_by_prctl_what_it_may_be()
    {
        const int setUserDispatch = 59;
        CallRun run = new CallScript(64).Holding(0x800, [0]).Call(Prctl, setUserDispatch, 1, 0, 0, D + 0x800).Call(Getpid).Run();
        Assert.Equal([0L, TaskIdentity.Pid], [run[0], run[1]]);
        LinuxMachine blocked = new CallScript(64).Holding(0x800, [1]).Call(Prctl, setUserDispatch, 1, 0, 0, D + 0x800).Call(Getpid).Run().Machine;
        Assert.Equal(SignalNumbers.SIGSYS, blocked.Signal);
        LinuxMachine unreadable = new CallScript(64).Call(Prctl, setUserDispatch, 1, 0, 0, 0x1000).Call(Getpid).Run().Machine;
        Assert.Equal(SignalNumbers.SIGSEGV, unreadable.Signal);
        Assert.Equal(-Errno.EINVAL, new CallScript(64).Call(Prctl, setUserDispatch, 0, 1, 0, 0).Run()[0]);
    }

    [Theory]
    [InlineData("4.20")]
    [InlineData("2.6.39")]
    public void Before_5_11_there_is_no_user_dispatch(string kernel)
    {
        CallScript script = new CallScript(64).Holding(0x800, [1]).Call(Prctl, 59, 1, 0, 0, D + 0x800).Call(Getpid);
        LinuxMachine machine = Guest.Boot(kernel: Kernels.Find(kernel));
        machine.Load(script.Assemble());
        CallRun run = script.Finish(machine);
        Assert.Equal([-Errno.EINVAL, TaskIdentity.Pid], new[] { run[0], run[1] });
    }

    [Fact]
    public void Each_generation_has_its_own_order()
    {
        static EntryWorkKind[] Kinds(EntryWorkOrder order) => [.. order.Steps.Select(step => step.Kind).Where(kind => kind is not (EntryWorkKind.ReadNumber or EntryWorkKind.ReadWork))];
        EntryWorkKind[] seccompFirst = [EntryWorkKind.Seccomp, EntryWorkKind.Trace, EntryWorkKind.Tracepoint, EntryWorkKind.Audit];
        Assert.Equal(seccompFirst, Kinds(EntryWorkOrder.Linux_2_6_39));
        Assert.Equal(seccompFirst, Kinds(EntryWorkOrder.Linux_4_4));
        EntryWorkKind[] tracerFirst = [EntryWorkKind.Trace, EntryWorkKind.Seccomp, EntryWorkKind.Tracepoint, EntryWorkKind.Audit];
        Assert.Equal(tracerFirst, Kinds(EntryWorkOrder.Linux_4_20));
        Assert.Equal([EntryWorkKind.UserDispatch, .. tracerFirst], Kinds(EntryWorkOrder.Linux_5_13));
        Assert.Equal(Kinds(EntryWorkOrder.Linux_5_13), Kinds(EntryWorkOrder.Linux_6_12));
    }

    /// <summary>A tracer makes getppid of getpid, and a filter refuses getppid: who comes first decides.</summary>
    [Theory]
    [InlineData("4.4", TaskIdentity.ParentPid)]
    [InlineData("4.20", -77)]
    [InlineData("5.13", -77)]
    [InlineData("6.12", -77)]
    public void A_filter_sees_what_a_tracer_has_made_of_a_call_only_where_the_tracer_comes_first(string generation, long expected)
    {
        EntryWorkOrder order = generation switch
        {
            "4.4" => EntryWorkOrder.Linux_4_4,
            "4.20" => EntryWorkOrder.Linux_4_20,
            "5.13" => EntryWorkOrder.Linux_5_13,
            _ => EntryWorkOrder.Linux_6_12,
        };
        var kernel = new KernelGeneration(KernelDesigns.Linux_5_13 with { EntryWork = order }, 0);
        BpfInstruction[] filter = Refuse(Getppid, SeccompAction.Error | 77);
        CallScript script = WithFilter(filter).Call(Prctl, NoNewPrivileges, 1, 0, 0, 0).Call(Seccomp, 1, 0, D + Program).Call(Getpid).Call(Getppid);
        LinuxMachine machine = LinuxMachine.Boot(kernel, Cpus.Skylake, KernelOptions.Parse(""));
        machine.Load(script.Assemble());
        var tracer = new Renumberer();
        machine.Trace(TaskIdentity.Pid, tracer);
        CallRun run = script.Finish(machine);
        Assert.Equal([expected, -77L], [run[2], run[3]]);

        // Where the filter goes first and skips, the tracer sees a call that is none.
        Assert.Equal(generation == "4.4" ? -1 : Getppid, tracer.Last);
    }

    [Fact]
    public void A_tracer_outside_sees_and_changes_number_argument_and_result()
    {
        CallScript script = new CallScript(64).Call(Getppid).Call(Getpid).Call(102).Call(104);
        LinuxMachine machine = script.Load();
        var tracer = new Editor();
        machine.Trace(TaskIdentity.Pid, tracer);
        CallRun run = script.Finish(machine);
        Assert.Equal([TaskIdentity.Pid, 4321, -Errno.EPERM, TaskIdentity.Gid], [run[0], run[1], run[2], run[3]]);

        // getgid is made twice, since the first was begun anew at its exit.
        Assert.Equal(["getppid", "getpid", "getuid", "getgid", "getgid", "exit_group"], tracer.Entered);
        Assert.Throws<ArgumentException>(() => machine.Trace(5, tracer));
    }

    [Theory]
    [InlineData(64)]
    [InlineData(32)]
    public void A_probe_sees_each_call_and_costs_what_the_slow_way_does(int bitness)
    {
        int number = bitness == 64 ? Getpid : 20;
        CallScript script = new CallScript(bitness).Call(number).Call(number);
        long unseen = script.Run().Machine.Processor.Clock;
        LinuxMachine machine = script.Load();
        var probe = new Counter();
        using (machine.Probe(probe))
            script.Finish(machine);
        Assert.Equal([(long)number, number], probe.Numbers[..2]);
        Assert.Equal([(long)TaskIdentity.Pid, TaskIdentity.Pid], probe.Results);
        Assert.True(machine.Processor.Clock > unseen + 2 * (machine.Costs["trace_sys_enter"].Cost + machine.Costs["trace_sys_exit"].Cost));
        Assert.Equal(0ul, machine.Tasks.Guest(machine.State.Tasks[TaskIdentity.Pid])[TaskLayout.SyscallWork] & SyscallWork.Tracepoint);
    }

    [Theory]
    [InlineData(64, 39, 3, "arch=c000003e syscall=39 success=yes exit=1000")]
    [InlineData(32, 20, 6, "arch=40000003 syscall=20 success=yes exit=1000")]
    public void Audit_writes_each_call_as_a_record(int bitness, int getpid, int close, string expected)
    {
        CallScript script = new CallScript(bitness).Call(getpid).Call(close, 99);
        LinuxMachine machine = script.Load();
        Assert.Empty(machine.AuditLog);
        machine.StartAudit();
        script.Finish(machine);
        Assert.Equal(2, machine.AuditLog.Count);
        string first = machine.AuditLog[0].ToString(), second = machine.AuditLog[1].ToString();
        Assert.StartsWith("type=SYSCALL msg=audit(1624832471.", first, StringComparison.Ordinal);
        Assert.Contains($":1): {expected} a0=", first, StringComparison.Ordinal);
        Assert.Contains($" pid={TaskIdentity.Pid} auid=4294967295 uid={TaskIdentity.Uid} ", first, StringComparison.Ordinal);
        Assert.Contains($"syscall={close} success=no exit=-9 a0=63 ", second, StringComparison.Ordinal);
    }

    [Fact]
    public void Filters_probes_and_audit_are_part_of_a_snapshot()
    {
        LinuxMachine Load()
        {
            CallScript script = WithFilter(Refuse(Getppid, SeccompAction.Error | 5)).Call(Prctl, NoNewPrivileges, 1, 0, 0, 0).Call(Seccomp, 1, 0, D + Program)
                .Call(Fork).Call(Getppid).Call(Getpid).Call(Getppid);
            LinuxMachine machine = script.Load();
            BpfInstruction[] filter = Refuse(Getppid, SeccompAction.Error | 5);
            machine.Memory.TryWrite(D + Program, [.. BitConverter.GetBytes((long)filter.Length), .. BitConverter.GetBytes(D + Instructions)]);
            machine.Memory.TryWrite(D + Instructions, [.. filter.SelectMany(instruction => instruction.ToBytes())]);
            machine.StartAudit();
            machine.Probe(new Counter());
            machine.Trace(TaskIdentity.Pid, new Counter());
            return machine;
        }

        string RunToEnd(LinuxMachine machine)
        {
            machine.Run(RunLimits.Instructions(400_000));
            Assert.True(machine.IsOver);
            byte[] results = new byte[6 * sizeof(long)];
            Assert.True(machine.Memory.TryRead(D + 0xF000, results));
            return $"{machine.Processor.Clock} {machine.ExitStatus} {string.Join('\n', machine.AuditLog)} results {Convert.ToHexString(results)}";
        }

        string end = Guest.AssertGoesOnAlike(Load, RunToEnd, seed: 3, moments: 8);

        // What a filter refuses audit does not see.
        Assert.Contains(Convert.ToHexString(BitConverter.GetBytes(-5L)), end, StringComparison.Ordinal);
        Assert.DoesNotContain("syscall=110 ", end, StringComparison.Ordinal);
        Assert.Contains("syscall=39 ", end, StringComparison.Ordinal);
    }

    private sealed class Editor : ICallTracer
    {
        private bool _hasRestarted;

        public List<string?> Entered { get; } = [];

        public void Enter(StoppedCall call)
        {
            Entered.Add(call.Name);
            if (call.Name == "getppid")
                call.Number = Getpid;
            if (call.Name == "getuid")
                call.Skip(-Errno.EPERM);
        }

        public void Exit(StoppedCall call)
        {
            if (Entered.Count == 2)
                call.Result = 4321;
            if (call.Name == "getgid" && !_hasRestarted)
            {
                _hasRestarted = true;
                call.Result = 1;
                call.Restart();
            }
        }
    }

    private sealed class Renumberer : ICallTracer
    {
        public long Last { get; private set; }

        public void Enter(StoppedCall call)
        {
            const int exitGroup = 231;
            if (call.Number != exitGroup)
                Last = call.Number;
            if (call.Number == Getpid)
                call.Number = Getppid;
        }

        public void Exit(StoppedCall call)
        {
        }
    }

    private sealed class Counter : ISyscallProbe, ICallTracer
    {
        public List<long> Numbers { get; } = [];

        public List<long> Results { get; } = [];

        public void SysEnter(PtRegs registers, long number) => Numbers.Add(number);

        public void SysExit(PtRegs registers, long result) => Results.Add(result);

        public void Enter(StoppedCall call) => Numbers.Add(call.Number);

        public void Exit(StoppedCall call) => Results.Add(call.Result);
    }
}
