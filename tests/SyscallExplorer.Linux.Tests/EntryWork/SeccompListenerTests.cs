using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Calls that a filter leaves to whoever listens. man 2 seccomp_unotify.</summary>
public sealed class SeccompListenerTests
{
    private const int Close = 3, Ioctl = 16, Getpid = 39, Fork = 57, Wait4 = 61, Prctl = 157, ExitGroup = 231, Seccomp = 317;
    private const uint Receive = 0xC050_2100, Send = 0xC018_2101, IsValid = 0x4008_2102;
    private const int Listener = 3;
    private const ulong D = UserSpace.Data64;
    private const ulong Notification = D + 0x400, Answer = D + 0x500, Results = D + 0x600;

    [Theory]
    [InlineData(77, 0, 0, 77)]
    [InlineData(0, -13, 0, -13)]
    [InlineData(0, 0, 1, TaskIdentity.Pid + 1)]
    public void A_listener_receives_a_call_and_says_what_it_returns(long value, int error, int flags, int expected)
    {
        LinuxMachine machine = Load(a =>
        {
            Control(a, Receive, Notification);
            a.mov(rax, __qword_ptr[Notification]);
            a.mov(__qword_ptr[Answer], rax);
            Keep(a, 1, () => Control(a, IsValid, Answer));
            Keep(a, 2, () => Control(a, Send, Answer));
            Keep(a, 3, () => Control(a, Send, Answer));
            Guest.Call(a, Wait4, ulong.MaxValue, 0, 0, 0);
            Keep(a, 4, () => Control(a, Send, Answer));
        });
        Assert.True(machine.Memory.TryWrite(Answer + 8, [.. BitConverter.GetBytes(value), .. BitConverter.GetBytes(error), .. BitConverter.GetBytes(flags)]));
        Finish(machine);
        Assert.Equal([0L, 0, -115, -2], Enumerable.Range(1, 4).Select(index => Word(machine, Results + (ulong)index * 8)));
        Assert.Equal(expected, (int)Word(machine, Shared));
        Assert.Equal(TaskIdentity.Pid + 1, (int)Word(machine, Notification + 8));
        Assert.Equal(Getpid | ((long)0xC000_003E << 32), Word(machine, Notification + 16));
    }

    [Fact]
    public void Nobody_answers_when_the_listener_is_closed()
    {
        LinuxMachine machine = Load(a =>
        {
            Control(a, Receive, Notification);
            Guest.Call(a, Close, Listener);
            Guest.Call(a, Wait4, ulong.MaxValue, 0, 0, 0);
        });
        Finish(machine);
        Assert.Equal(-Errno.ENOSYS, (int)Word(machine, Shared));
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        LinuxMachine machine = Load(a =>
        {
            Keep(a, 1, () => Control(a, Receive, D + 0x100));
            Keep(a, 2, () => Control(a, 0x1234, 0));
            Keep(a, 3, () => Guest.Call(a, Seccomp, 1, 8, D + 0x140));
            Control(a, Receive, Notification);
            Keep(a, 4, () => Control(a, Send, Answer));
            a.mov(__dword_ptr[Answer + 20], 2);
            Keep(a, 5, () => Control(a, Send, Answer));
            Guest.Call(a, Close, Listener);
            Guest.Call(a, Wait4, ulong.MaxValue, 0, 0, 0);
        });
        Finish(machine);
        Assert.Equal([-22L, -22, -16, -2, -22], Enumerable.Range(1, 5).Select(index => Word(machine, Results + (ulong)index * 8)));
    }

    /// <summary>A page that parent and child share: what getpid returned to the child.</summary>
    private const ulong Shared = D + 0x2000;

    /// <summary>A filter that leaves getpid to a listener; a child that calls it; and what its parent does.</summary>
    private static LinuxMachine Load(Action<Assembler> parent)
    {
        const int noNewPrivileges = 38, mmap = 9;
        LinuxMachine machine = Guest.Load(a =>
        {
            Label child = a.CreateLabel();
            Guest.Call(a, mmap, Shared, 4096, 3, 0x31, ulong.MaxValue, 0);
            Guest.Call(a, Prctl, noNewPrivileges, 1, 0, 0, 0);
            Keep(a, 0, () => Guest.Call(a, Seccomp, 1, 8, D + 0x140));
            Guest.Call(a, Fork);
            a.test(eax, eax);
            a.je(child);
            parent(a);
            Guest.Call(a, ExitGroup, 0);

            a.Label(ref child);
            Guest.Call(a, Close, Listener);
            Guest.Call(a, Getpid);
            a.mov(__qword_ptr[Shared], rax);
            Guest.Call(a, ExitGroup, 0);
        });
        (ushort Code, byte True, byte False, uint Value)[] program =
            [(0x20, 0, 0, 0), (0x15, 0, 1, Getpid), (0x06, 0, 0, SeccompAction.Notify), (0x06, 0, 0, SeccompAction.Allow)];
        byte[] bytes = [.. program.SelectMany(line => (byte[])[.. BitConverter.GetBytes(line.Code), line.True, line.False, .. BitConverter.GetBytes(line.Value)])];
        Assert.True(machine.Memory.TryWrite(D + 0x100, bytes));
        Assert.True(machine.Memory.TryWrite(D + 0x140, [.. BitConverter.GetBytes((ulong)program.Length), .. BitConverter.GetBytes(D + 0x100)]));
        return machine;
    }

    private static void Control(Assembler a, uint command, ulong argument) => Guest.Call(a, Ioctl, Listener, command, argument);

    private static void Keep(Assembler a, int index, Action call)
    {
        call();
        a.mov(__qword_ptr[Results + (ulong)index * 8], rax);
    }

    private static void Finish(LinuxMachine machine)
    {
        RunResult result = machine.Run(RunLimits.Instructions(1_000_000));
        Assert.True(machine.ExitStatus == 0, result.Message);
        Assert.Equal(Listener, Word(machine, Results));
    }

    private static long Word(LinuxMachine machine, ulong address)
    {
        byte[] bytes = new byte[8];
        Assert.True(machine.Memory.TryRead(address, bytes));
        return BitConverter.ToInt64(bytes);
    }
}
