using System.Text;
using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;
using static SyscallExplorer.Linux.Tests.Guest;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Unix-domain sockets: pairs, names, messages, what ends a wait. The corpus of the end-to-end tests compares them with the host.</summary>
public sealed class SocketCallTests
{
    private const int Read = 0, Write = 1, Close = 3, Fstat = 5, Poll = 7, Lseek = 8, Nanosleep = 35, Socket = 41, Connect = 42, Accept = 43, Sendto = 44, Recvfrom = 45, Sendmsg = 46;
    private const int Recvmsg = 47, Shutdown = 48, Bind = 49, Listen = 50, Getsockname = 51, Socketpair = 53, Setsockopt = 54, Getsockopt = 55, Fork = 57, Exit = 231, Wait4 = 61;
    private const int Readlink = 89, Fcntl = 72, Socketcall = 102, Sendmmsg = 307, Recvmmsg = 299;
    private const int Unix = 1, Stream = 1, Datagram = 2, Packets = 5, Peek = 2, Truncated = 0x20, DontWait = 0x40, WaitAll = 0x100, NoSignal = 0x4000, NonBlocking = 0x800, CloseOnExec = 0x80000;
    private const ulong D = UserSpace.Data64, Pair = D + 0x100, Buffer = D + 0x2000, Text = D + 0x200;

    private static CallScript Script(int type = Stream) => new CallScript(64).Holding(0x200, "0123456789").Call(Socketpair, Unix, type, 0, Pair);

    private static byte[] Words(params ulong[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    private static IEnumerable<long> Results(CallRun run, int count) => Enumerable.Range(1, count).Select(i => run[i]);

    /// <summary>An address at an offset of the data, and its length.</summary>
    private static byte[] Address(string path) => [1, 0, .. Encoding.ASCII.GetBytes(path)];

    [Fact]
    public void Bytes_of_a_stream_go_both_ways_and_know_no_borders()
    {
        CallRun run = Script().Call(Write, 3, Text, 4).Call(Sendto, 3, Text + 4, 3, 0, 0, 0).Call(Recvfrom, 4, Buffer, 5, Peek, 0, 0).Call(Read, 4, Buffer, 5).Call(Read, 4, Buffer + 5, 9)
            .Call(Write, 4, Text, 1).Call(Read, 3, Buffer + 9, 9).Call(Recvfrom, 3, Buffer, 1, DontWait, 0, 0).Call(Lseek, 3, 0, 1).Run();
        Assert.Equal((0L, 3, 4), (run[0], run.Dword(0x100), run.Dword(0x104)));
        Assert.Equal([4L, 3, 5, 5, 2, 1, 1, -Errno.EAGAIN, -Errno.ESPIPE], Results(run, 9));
        Assert.Equal("0123456", run.Text(0x2000, 7));
    }

    [Theory]
    [InlineData(Datagram)]
    [InlineData(Packets)]
    public void Messages_keep_their_borders_and_lose_what_there_is_no_room_for(int type)
    {
        CallRun run = Script(type).Call(Write, 3, Text, 5).Call(Write, 3, Text, 0).Call(Write, 3, Text, 7).Call(Read, 4, Buffer, 2).Call(Recvfrom, 4, Buffer, 9, 0, 0, 0)
            .Call(Recvfrom, 4, Buffer, 1, Truncated, 0, 0).Call(Recvfrom, 4, Buffer, 1, DontWait, 0, 0).Run();
        Assert.Equal([5L, 0, 7, 2, 0, 7, -Errno.EAGAIN], Results(run, 7));
    }

    [Fact]
    public void The_end_of_a_partner_is_the_end_of_the_stream_and_what_it_did_not_read_is_told_once()
    {
        CallRun run = Script().Call(Write, 4, Text, 2).Call(Close, 4).Call(Read, 3, Buffer, 9).Call(Read, 3, Buffer, 9).Call(Sendto, 3, Text, 1, NoSignal, 0, 0)
            .Call(Socketpair, Unix, Stream, 0, Pair).Call(Write, 4, Text, 1).Call(Close, 5).Call(Read, 4, Buffer, 1).Call(Read, 4, Buffer, 1).Run();
        Assert.Equal([2L, 0, 2, 0, -Errno.EPIPE, 0, 1, 0, -Errno.ECONNRESET, 0], Results(run, 10));
    }

    [Fact]
    public void Writing_to_nobody_kills_unless_the_call_asks_for_no_signal()
    {
        CallRun run = Script().Call(Close, 4).Call(Write, 3, Text, 1).Run();
        Assert.Equal(SignalNumbers.SIGPIPE, run.Machine.Signal);
    }

    [Fact]
    public void Directions_are_shut_apart()
    {
        CallRun run = Script().Call(Write, 3, Text, 3).Call(Shutdown, 3, 1).Call(Sendto, 3, Text, 1, NoSignal, 0, 0).Call(Read, 4, Buffer, 9).Call(Read, 4, Buffer, 9).Call(Write, 4, Text, 2)
            .Call(Read, 3, Buffer, 9).Call(Shutdown, 3, 3).Call(Shutdown, 1, 0).Call(Shutdown, 9, 0).Run();
        Assert.Equal([3L, 0, -Errno.EPIPE, 3, 0, 2, 2, -Errno.EINVAL, -Errno.ENOTSOCK, -Errno.EBADF], Results(run, 10));
    }

    [Fact]
    public void Flags_of_the_type_reach_the_descriptor_and_the_open_file()
    {
        const int getFd = 1, getFl = 3;
        CallRun run = Script(Stream | NonBlocking | CloseOnExec).Call(Fcntl, 3, getFd, 0).Call(Fcntl, 3, getFl, 0).Call(Read, 3, Buffer, 1).Call(Fstat, 3, Buffer).Run();
        Assert.Equal([1L, 2 | NonBlocking, -Errno.EAGAIN, 0], Results(run, 4));
        Assert.Equal(0xC1FF, run.Dword(0x2000 + 24));
    }

    [Theory]
    [InlineData(2, Stream, 0, -Errno.EAFNOSUPPORT)]
    [InlineData(10, Stream, 0, -Errno.EAFNOSUPPORT)]
    [InlineData(16, 3, 0, -Errno.EAFNOSUPPORT)]
    [InlineData(17, 3, 0, -Errno.EAFNOSUPPORT)]
    [InlineData(999, Stream, 0, -Errno.EAFNOSUPPORT)]
    [InlineData(Unix, 4, 0, -Errno.ESOCKTNOSUPPORT)]
    [InlineData(Unix, 11, 0, -Errno.EINVAL)]
    [InlineData(Unix, Stream | 0x100, 0, -Errno.EINVAL)]
    [InlineData(Unix, Stream, 6, -Errno.EPROTONOSUPPORT)]
    [InlineData(Unix, Datagram, Unix, 3)]
    public void There_are_sockets_of_one_family_only(int family, int type, int protocol, int expected) =>
        Assert.Equal(expected, new CallScript(64).Call(Socket, family, type, protocol).Run()[0]);

    [Fact]
    public void A_pair_is_told_before_it_is_made()
    {
        CallRun run = new CallScript(64).Call(Socketpair, 2, Stream, 0, Pair).Call(Socketpair, Unix, Stream, 9, Pair + 8).Call(Socketpair, Unix, Stream, 0, 8)
            .Call(Socketpair, Unix, 0x100, 0, Pair + 16).Call(Socket, Unix, Stream, 0).Run();
        Assert.Equal([-Errno.EOPNOTSUPP, -Errno.EPROTONOSUPPORT, -Errno.EFAULT, -Errno.EINVAL, 3L], Enumerable.Range(0, 5).Select(i => run[i]));
        Assert.Equal((3, 4, 3, 4, 0), (run.Dword(0x100), run.Dword(0x104), run.Dword(0x108), run.Dword(0x10c), run.Dword(0x110)));
    }

    [Fact]
    public void A_descriptor_goes_along_with_a_message()
    {
        byte[] control = [.. Words(20), 1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0];
        CallRun run = Script(Datagram).Holding(0x300, Words(Text, 2)).Holding(0x320, control).Holding(0x400, Words(0, 0, D + 0x300, 1, D + 0x320, 24, 0))
            .Holding(0x500, Words(Buffer, 9)).Holding(0x600, Words(0, 0, D + 0x500, 1, D + 0x700, 24, 0))
            .Call(Sendmsg, 3, D + 0x400, 0).Call(Close, 3).Call(Recvmsg, 4, D + 0x600, 0x4000_0000).Call(Fcntl, 3, 1, 0).Call(Write, 3, Text, 5).Call(Read, 4, Buffer + 0x10, 9).Run();
        Assert.Equal([2L, 0, 2, 1, 5, 5], Results(run, 6));
        Assert.Equal((20L, 3, 24L, 0x4000_0000), (run.Word(0x700), run.Dword(0x710), run.Word(0x600 + 40), run.Dword(0x600 + 48)));
        Assert.Equal("01234", run.Text(0x2010, 5));
    }

    [Fact]
    public void A_socket_that_only_waits_in_its_own_queue_is_closed_when_another_goes()
    {
        byte[] control = [.. Words(20), 1, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0];
        CallRun run = Script(Datagram).Holding(0x300, Words(Text, 2)).Holding(0x320, control).Holding(0x400, Words(0, 0, D + 0x300, 1, D + 0x320, 24, 0))
            .Call(Sendmsg, 3, D + 0x400, 0).Call(Close, 4).Call(Socket, Unix, Stream, 0).Call(Close, 4).Call(Write, 3, Text, 1).Run();
        Assert.Equal([2L, 0, 4, 0, -Errno.ECONNREFUSED], Results(run, 5));
        Assert.Single(run.Machine.State.Sockets);
    }

    [Fact]
    public void Several_messages_are_sent_and_received_in_one_call()
    {
        byte[] headers = [.. Words(0, 0, D + 0x300, 1, 0, 0, 0, 0, 0, 0, D + 0x310, 1, 0, 0, 0, 0)];
        CallRun run = Script(Packets).Holding(0x300, Words(Text, 2, Text + 2, 5)).Holding(0x400, headers).Call(Sendmmsg, 3, D + 0x400, 2, 0)
            .Call(Recvmmsg, 4, D + 0x400, 2, 0, 0).Call(Recvmmsg, 4, D + 0x400, 2, DontWait, 0).Run();
        Assert.Equal([2L, 2, -Errno.EAGAIN], Results(run, 3));
        Assert.Equal((2, 5), (run.Dword(0x400 + 56), run.Dword(0x440 + 56)));
    }

    [Theory]
    [InlineData("/s\0", 5)]
    [InlineData("\0hidden", 9)]
    public void A_name_leads_to_a_listener_and_its_partner_waits_there(string name, int length)
    {
        CallRun run = new CallScript(64).Holding(0x200, "0123456789").Holding(0x300, Address(name)).Holding(0x400, BitConverter.GetBytes(110)).Call(Socket, Unix, Stream, 0)
            .Call(Bind, 3, D + 0x300, length).Call(Listen, 3, 1).Call(Socket, Unix, Stream, 0).Call(Connect, 4, D + 0x300, length).Call(Write, 4, Text, 3).Call(Accept, 3, 0, 0).Call(Read, 5, Buffer, 9)
            .Call(Getsockname, 5, D + 0x500, D + 0x400).Call(Connect, 4, D + 0x300, length).Call(Bind, 4, D + 0x300, length).Call(Close, 3).Call(Socket, Unix, Stream, 0)
            .Call(Connect, 3, D + 0x300, length).Run();
        Assert.Equal([0L, 0, 4, 0, 3, 5, 3, 0, -Errno.EISCONN, -Errno.EADDRINUSE, 0, 3, -Errno.ECONNREFUSED], Results(run, 13));
        Assert.Equal(length, run.Dword(0x400));
        Assert.Equal(Address(name), run.Bytes(0x500, length));
    }

    [Fact]
    public void Poll_tells_of_room_bytes_and_the_end()
    {
        byte[] entry = [3, 0, 0, 0, 5, 0x20, 0, 0];
        CallRun run = Script().Holding(0x300, entry).Holding(0x310, entry).Holding(0x320, entry).Call(Poll, D + 0x300, 1, 0).Call(Write, 4, Text, 1).Call(Poll, D + 0x310, 1, 0).Call(Close, 4)
            .Call(Poll, D + 0x320, 1, 0).Run();
        Assert.Equal([1L, 1, 1, 0, 1], Results(run, 5));
        Assert.Equal((0x4, 0x5, 0x2015), (run.Dword(0x304) >> 16, run.Dword(0x314) >> 16, run.Dword(0x324) >> 16));
    }

    [Fact]
    public void Options_are_told_and_buffers_are_doubled()
    {
        const int level = 1, type = 3, sendBuffer = 7, peer = 17, passCredentials = 16;
        CallRun run = Script(Packets).Holding(0x300, BitConverter.GetBytes(10_000)).Holding(0x310, BitConverter.GetBytes(4)).Holding(0x320, BitConverter.GetBytes(100))
            .Call(Setsockopt, 3, level, sendBuffer, D + 0x300, 4).Call(Getsockopt, 3, level, sendBuffer, Buffer, D + 0x310).Call(Getsockopt, 3, level, type, Buffer + 8, D + 0x310)
            .Call(Getsockopt, 3, level, peer, Buffer + 16, D + 0x320).Call(Setsockopt, 3, level, passCredentials, D + 0x300, 2).Call(Setsockopt, 3, level, 999, D + 0x300, 4)
            .Call(Setsockopt, 3, 6, 1, D + 0x300, 4).Call(Getsockopt, 1, level, type, Buffer, D + 0x310).Run();
        Assert.Equal([0L, 0, 0, 0, -Errno.EINVAL, -Errno.ENOPROTOOPT, -Errno.EOPNOTSUPP, -Errno.ENOTSOCK], Results(run, 8));
        Assert.Equal((20_000, Packets, TaskIdentity.Pid, TaskIdentity.Uid, 12), (run.Dword(0x2000), run.Dword(0x2008), run.Dword(0x2010), run.Dword(0x2014), run.Dword(0x320)));
    }

    [Fact]
    public void A_socket_is_called_by_its_number_in_proc()
    {
        CallRun run = Script().Holding(0x300, "/proc/self/fd/3\0").Call(Readlink, D + 0x300, Buffer, 7).Run();
        Assert.Equal((7L, "socket:"), (run[1], run.Text(0x2000, 7)));
    }

    [Fact]
    public void The_one_call_of_32_bit_programs_leads_to_all()
    {
        const ulong d = UserSpace.Data32;
        const int socketpair = 8, send = 9, receive = 10, sendto = 11, receiveFrom = 12, shutdown = 13, getOption = 15, sendMessage = 16, receiveMessage = 17;
        static byte[] Ints(params ulong[] values) => [.. values.SelectMany(value => BitConverter.GetBytes((uint)value))];
        CallRun run = new CallScript(32).Holding(0x200, "0123456789").Holding(0x300, Ints(Unix, Stream, 0, d + 0x100)).Holding(0x320, Ints(3, d + 0x200, 4, 0, 0, 0))
            .Holding(0x340, Ints(4, d + 0x2000, 9, 0, 0, 0)).Holding(0x360, Ints(3, 1)).Holding(0x380, Ints(3, 1, 3, d + 0x2100, d + 0x3a0)).Holding(0x3a0, Ints(4))
            .Holding(0x400, Ints(3, d + 0x420, 0)).Holding(0x420, Ints(0, 0, d + 0x440, 1, 0, 0, 0)).Holding(0x440, Ints(d + 0x200, 6))
            .Holding(0x460, Ints(4, d + 0x480, 0)).Holding(0x480, Ints(0, 0, d + 0x4a0, 1, 0, 0, 0)).Holding(0x4a0, Ints(d + 0x2000, 9))
            .Call(Socketcall, socketpair, d + 0x300).Call(Socketcall, send, d + 0x320).Call(Socketcall, receive, d + 0x340).Call(Socketcall, sendto, d + 0x320)
            .Call(Socketcall, receiveFrom, d + 0x340).Call(Socketcall, sendMessage, d + 0x400).Call(Socketcall, receiveMessage, d + 0x460).Call(Socketcall, getOption, d + 0x380)
            .Call(Socketcall, shutdown, d + 0x360).Call(Socketcall, receive, d + 0x340).Call(Socketcall, 0, d + 0x300).Call(Socketcall, 21, d + 0x300).Call(Socketcall, send, 8).Run();
        Assert.Equal([0L, 4, 4, 4, 4, 6, 6, 0, 0, 0, -Errno.EINVAL, -Errno.EINVAL, -Errno.EFAULT], Enumerable.Range(0, 13).Select(i => run[i]));
        Assert.Equal(("012345", Stream), (run.Text(0x2000, 6), run.Dword(0x2100)));
    }

    [Fact]
    public void Snapshots_and_forks_with_tasks_that_wait_at_sockets_go_on_alike()
    {
        string end = Guest.AssertGoesOnAlike(Load, RunToEnd, seed: 5, moments: 10);
        Assert.Contains("012345012345012345", end, StringComparison.Ordinal);
    }

    private static LinuxMachine Load()
    {
        LinuxMachine machine = Guest.Load(SenderAndReceiver);
        Assert.True(machine.Memory.TryWrite(Text, "0123456789"u8));
        Assert.True(machine.Memory.TryWrite(D, Words(0, 1_000_000)));
        return machine;
    }

    private static string RunToEnd(LinuxMachine machine)
    {
        RunResult result = machine.Run(RunLimits.Instructions(2_000_000));
        Assert.True(machine.IsOver, result.Message);
        return $"{machine.ExitStatus} {Encoding.ASCII.GetString(machine.Output)} {machine.Processor.Clock} {machine.Processor.InstructionCount} {machine.State.Switches}";
    }

    /// <summary>A child waits for six bytes at once, three times; its parent sends them in three pieces with sleeps between.</summary>
    private static void SenderAndReceiver(Assembler a)
    {
        Label parent = a.CreateLabel(), receive = a.CreateLabel(), send = a.CreateLabel();
        Call(a, Socketpair, Unix, Stream, 0, Pair);
        Call(a, Fork);
        a.test(eax, eax);
        a.jne(parent);
        a.mov(ebx, 3);
        a.Label(ref receive);
        Call(a, Recvfrom, 4, Buffer, 6, WaitAll, 0, 0);
        Call(a, Write, 1, Buffer, 6);
        a.dec(ebx);
        a.jne(receive);
        Call(a, Exit, 0);
        a.Label(ref parent);
        a.mov(ebx, 3);
        a.Label(ref send);
        for (ulong at = 0; at < 6; at += 2)
        {
            Call(a, Nanosleep, D, 0);
            Call(a, Write, 3, Text + at, 2);
        }

        a.dec(ebx);
        a.jne(send);
        Call(a, Wait4, ulong.MaxValue, 0, 0, 0);
        Call(a, Exit, 0);
    }
}
