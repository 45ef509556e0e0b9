using System.Text;
using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Positions, duplicates, vectors, flags, and what stat tells.</summary>
public sealed class DescriptorCallTests
{
    private const int Read = 0, Write = 1, Open = 2, Close = 3, Stat = 4, Fstat = 5, Lstat = 6, Poll = 7, Lseek = 8, Ioctl = 16, Pread = 17, Pwrite = 18, Readv = 19, Writev = 20;
    private const int Access = 21, Dup = 32, Dup2 = 33, Sendfile = 40, Fcntl = 72, Ftruncate = 77, Getcwd = 79, Readlink = 89, Openat = 257, Newfstatat = 262, Dup3 = 292, Statx = 332;
    private const int ReadWrite = 2, Creat = 0x40, CloseOnExec = 0x80000, HereDirectory = -100;
    private const ulong D = UserSpace.Data64, Name = D + 0x100, Buffer = D + 0x2000;

    private static CallScript Script(string text = "0123456789", string name = "/a") => new CallScript(64).Holding(0x100, name + "\0").WithFile("/a", text);

    private static byte[] Words(params ulong[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    [Fact]
    public void Seeking_moves_from_the_start_from_here_and_from_the_end_and_a_pipe_cannot()
    {
        CallRun run = Script().Call(Open, Name, 0).Call(Lseek, 3, 4, 0).Call(Lseek, 3, -1, 1).Call(Read, 3, Buffer, 2).Call(Lseek, 3, -1, 2).Call(Lseek, 3, -11, 2)
            .Call(Lseek, 3, 0, 9).Call(Lseek, 0, 0, 1).Call(Lseek, 9, 0, 1).Run();
        Assert.Equal([4L, 3, 2, 9, -22, -22, -29, -9], Enumerable.Range(1, 8).Select(i => run[i]));
        Assert.Equal("34", run.Text(0x2000, 2));
    }

    [Fact]
    public void The_long_seek_of_32_bit_programs_gives_64_bits()
    {
        const ulong d = UserSpace.Data32;
        CallRun run = new CallScript(32).Holding(0x100, "/a\0").WithFile("/a", "x").Call(5, d + 0x100, 0).Call(140, 3, 2, 7, d + 0x200, 0).Run();
        Assert.Equal(0, run[1]);
        Assert.Equal(0x2_0000_0007, run.Word(0x200));
    }

    [Fact]
    public void Duplicates_share_the_position_and_close_apart()
    {
        CallRun run = Script().Call(Open, Name, 0).Call(Dup, 3).Call(Dup2, 3, 9).Call(Read, 3, Buffer, 3).Call(Close, 3).Call(Read, 4, Buffer, 3).Call(Read, 9, Buffer, 3)
            .Call(Read, 3, Buffer, 1).Call(Dup2, 9, 9).Call(Dup3, 9, 9, 0).Call(Dup2, 3, 10).Call(Dup2, 9, TaskLayout.MaxDescriptors).Call(Dup2, 9, 1).Call(Write, 1, Buffer, 1).Run();
        Assert.Equal([4L, 9, 3, 0, 3, 3, -9, 9, -22, -9, -9, 1, -9], Enumerable.Range(1, 13).Select(i => run[i]));
        Assert.Equal("678", run.Text(0x2000, 3));
    }

    [Fact]
    public void Descriptor_flags_and_status_flags_are_kept_apart()
    {
        const int dupFd = 0, getFd = 1, setFd = 2, getFl = 3, setFl = 4, dupFdCloseOnExec = 1030, append = 0x400, notify = 1026;
        CallRun run = Script().Call(Open, Name, ReadWrite | CloseOnExec).Call(Fcntl, 3, getFd, 0).Call(Fcntl, 3, dupFd, 7).Call(Fcntl, 7, getFd, 0).Call(Fcntl, 3, dupFdCloseOnExec, 7)
            .Call(Fcntl, 8, getFd, 0).Call(Fcntl, 8, setFd, 0).Call(Fcntl, 8, getFd, 0).Call(Fcntl, 3, setFl, append | Creat).Call(Fcntl, 7, getFl, 0)
            .Call(Fcntl, 3, dupFd, TaskLayout.MaxDescriptors).Call(Fcntl, 99, getFd, 0).Call(Fcntl, 3, notify, 0).Run();
        Assert.Equal([1L, 7, 0, 8, 1, 0, 0, 0, ReadWrite | append | 0x8000, -22, -9, -22], Enumerable.Range(1, 12).Select(i => run[i]));
        Assert.Contains("fcntl(1026)", run.Machine.Unimplemented.Keys);
    }

    [Fact]
    public void Vectors_are_filled_and_written_in_their_order()
    {
        CallRun run = Script().Holding(0x200, Words(Buffer, 4, Buffer + 0x10, 0, Buffer + 0x20, 100)).Holding(0x300, Words(Buffer + 0x20, 2, Buffer, 3)).Holding(0x400, Words(Buffer, ulong.MaxValue))
            .Call(Open, Name, 0).Call(Readv, 3, D + 0x200, 3).Call(Writev, 1, D + 0x300, 2).Call(Readv, 3, D + 0x400, 1).Call(Readv, 3, D + 0x200, 1025).Call(Writev, 3, D + 0x300, 1)
            .Call(Readv, 3, 0x10, 1).Run();
        Assert.Equal([10L, 5, -22, -22, -9, -14], Enumerable.Range(1, 6).Select(i => run[i]));
        Assert.Equal("45012", Encoding.UTF8.GetString(run.Machine.Output));
    }

    [Fact]
    public void Reading_and_writing_at_a_place_leave_the_position()
    {
        CallRun run = Script().Call(Open, Name, ReadWrite).Call(Pread, 3, Buffer, 3, 5).Call(Pwrite, 3, Buffer, 3, 0).Call(Read, 3, Buffer, 10).Call(Pread, 0, Buffer, 1, 0)
            .Call(Pread, 3, Buffer, 1, -1).Run();
        Assert.Equal([3L, 3, 10, -29, -22], Enumerable.Range(1, 5).Select(i => run[i]));
        Assert.Equal("5673456789", run.Text(0x2000, 10));
    }

    [Fact]
    public void Sendfile_copies_from_a_file_and_not_from_a_pipe()
    {
        CallRun run = Script().Holding(0x200, Words(6)).Call(Open, Name, 0).Call(Sendfile, 1, 3, 0, 4).Call(Sendfile, 1, 3, D + 0x200, 100).Call(Sendfile, 1, 3, 0, 2)
            .Call(Sendfile, 1, 0, 0, 2).Call(Sendfile, 0, 3, 0, 2).Run("input");
        Assert.Equal([4L, 4, 2, -22, -9], Enumerable.Range(1, 5).Select(i => run[i]));
        Assert.Equal(10, run.Word(0x200));
        Assert.Equal("0123678945", Encoding.UTF8.GetString(run.Machine.Output));
    }

    [Fact]
    public void Truncating_cuts_off_and_fills_up_with_zeroes()
    {
        CallRun run = Script().Call(Open, Name, ReadWrite).Call(Ftruncate, 3, 4).Call(Ftruncate, 3, 8).Call(Ftruncate, 3, -1).Call(Ftruncate, 1, 0).Call(Ftruncate, 9, 0).Run();
        Assert.Equal([0L, 0, -22, -22, -9], Enumerable.Range(1, 5).Select(i => run[i]));
        Assert.Equal("0123\0\0\0\0"u8.ToArray(), run.Machine.ReadFile("/a"));
    }

    [Fact]
    public void No_descriptor_is_a_terminal()
    {
        const int getAttributes = 0x5401, bytesThere = 0x541B;
        CallRun run = Script().Call(Open, Name, 0).Call(Ioctl, 0, getAttributes, Buffer).Call(Ioctl, 1, getAttributes, Buffer).Call(Ioctl, 3, getAttributes, Buffer)
            .Call(Ioctl, 9, getAttributes, Buffer).Call(Ioctl, 0, bytesThere, Buffer).Run("input");
        Assert.Equal([-25L, -25, -25, -9, 0], Enumerable.Range(1, 5).Select(i => run[i]));
        Assert.Equal(5, run.Dword(0x2000));
    }

    [Fact]
    public void Stat_tells_the_same_in_all_its_shapes()
    {
        const int emptyPath = 0x1000, basic = 0x7FF;
        CallRun run = Script().Call(Open, Name, 0).Call(Stat, Name, D + 0x1000).Call(Fstat, 3, D + 0x1100).Call(Newfstatat, HereDirectory, Name, D + 0x1200, 0)
            .Call(Newfstatat, 3, D, D + 0x1300, emptyPath).Call(Statx, 3, D, emptyPath, basic, D + 0x1400).Run();
        Assert.Equal([0L, 0, 0, 0, 0], Enumerable.Range(1, 5).Select(i => run[i]));
        foreach (ulong other in (ulong[])[0x1100, 0x1200, 0x1300])
            Assert.Equal(run.Bytes(0x1000, 144), run.Bytes(other, 144));
        Assert.Equal(0x81A4, run.Dword(0x1000 + 24));
        Assert.Equal(10, run.Word(0x1000 + 48));
        Assert.Equal(8, run.Word(0x1000 + 64));
        Assert.Equal(0x81A4, run.Dword(0x1400 + 28));
        Assert.Equal(run.Word(0x1000 + 8), run.Word(0x1400 + 32));
        Assert.Equal(10, run.Word(0x1400 + 40));

        const ulong d = UserSpace.Data32;
        CallRun narrow = new CallScript(32).Holding(0x100, "/a\0").WithFile("/a", "0123456789").Call(106, d + 0x100, d + 0x1000).Call(195, d + 0x100, d + 0x1100).Run();
        Assert.Equal([0L, 0], [narrow[0], narrow[1]]);
        Assert.Equal((0x81A4, 10), (narrow.Dword(0x1000 + 8) & 0xFFFF, narrow.Dword(0x1000 + 20)));
        Assert.Equal((0x81A4, 10L), (narrow.Dword(0x1100 + 16), narrow.Word(0x1100 + 44)));
        Assert.Equal(run.Word(0x1000 + 8), narrow.Word(0x1100 + 88));
    }

    [Theory]
    [InlineData("/", 0x41ED)]
    [InlineData("/dev/null", 0x21B6)]
    [InlineData("/proc/self/exe", 0xA1FF)]
    [InlineData("/b/c/../d", -Errno.ENOENT)]
    [InlineData("/a/b", -Errno.ENOTDIR)]
    [InlineData("", -Errno.ENOENT)]
    public void Each_kind_of_name_has_its_mode_or_its_error(string name, int expected)
    {
        CallRun run = Script(name: name).Call(Lstat, Name, Buffer).Run();
        Assert.Equal(expected, run[0] < 0 ? run[0] : run.Dword(0x2000 + 24));
    }

    [Fact]
    public void Standard_streams_are_pipes()
    {
        CallRun run = Script().Call(Fstat, 0, Buffer).Call(Fstat, 9, Buffer).Run();
        Assert.Equal([0L, -9], [run[0], run[1]]);
        Assert.Equal(0x1180, run.Dword(0x2000 + 24));
    }

    [Fact]
    public void The_link_to_the_program_is_read_and_cut_to_the_buffer()
    {
        CallRun run = Script(name: "/proc/self/exe").Call(Readlink, Name, Buffer, 100).Call(Readlink, Name, Buffer + 0x20, 4).Call(Readlink, Name, Buffer, 0)
            .Holding(0x180, "/a\0").Call(Readlink, D + 0x180, Buffer, 10).Run();
        Assert.Equal([8L, 4, -22, -22], Enumerable.Range(0, 4).Select(i => run[i]));
        Assert.Equal("/program", run.Text(0x2000, 8));
        Assert.Equal("/pro", run.Text(0x2020, 4));
    }

    [Fact]
    public void Access_asks_for_execution_of_what_has_none()
    {
        CallRun run = Script().Call(Access, Name, 0).Call(Access, Name, 6).Call(Access, Name, 1).Call(Access, Name, 8).Holding(0x180, "/none\0").Call(Access, D + 0x180, 0).Run();
        Assert.Equal([0L, 0, -13, -22, -2], Enumerable.Range(0, 5).Select(i => run[i]));
    }

    [Fact]
    public void A_relative_name_starts_at_the_root_and_not_at_a_file()
    {
        CallRun run = Script(name: "a").Call(Openat, HereDirectory, Name, 0).Call(Openat, 0, Name, 0).Call(Openat, 77, Name, 0).Call(Getcwd, Buffer, 100).Call(Getcwd, Buffer, 1).Run();
        Assert.Equal([3L, -20, -9, 2, -34], Enumerable.Range(0, 5).Select(i => run[i]));
        Assert.Equal("/\0", run.Text(0x2000, 2));
    }

    [Fact]
    public void Poll_knows_what_is_ready_and_time_passes_where_nothing_is()
    {
        const short input = 1, output = 4, hungUp = 16, invalid = 32;
        static byte[] Entry(int descriptor, short events) => [.. BitConverter.GetBytes(descriptor), .. BitConverter.GetBytes((int)events)];
        CallRun run = Script().Holding(0x200, [.. Entry(0, input), .. Entry(1, input | output), .. Entry(9, input), .. Entry(-1, input)]).Holding(0x300, Entry(1, input))
            .Call(Poll, D + 0x200, 4, -1).Call(Poll, D + 0x300, 1, 1500).Run("input");
        Assert.Equal([3L, 0], [run[0], run[1]]);
        Assert.Equal([input | hungUp, output, invalid, 0], new ulong[] { 0x206, 0x20E, 0x216, 0x21E }.Select(at => (int)BitConverter.ToInt16(run.Bytes(at, 2))));
        Assert.InRange(new EmulatedTime(run.Machine).SinceBoot, 1_500_000_000, 1_600_000_000);
        LinuxMachine machine = Script().Holding(0x300, Entry(1, input)).Call(Poll, D + 0x300, 1, -1).Run().Machine;
        Assert.Contains("waits for descriptor 1 in poll", machine.Run(RunLimits.Instructions(1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_owners_streams_are_asked_once_and_get_every_byte()
    {
        var streams = new Recorder("some input"u8.ToArray());
        LinuxMachine machine = Guest.Boot();
        machine.Streams = streams;
        machine.Load(new ElfProgram(ElfFile.Parse(ElfImage.Program(CopyAll).ToBytes()), "/copy"));
        Assert.Equal(0, streams.Asked);
        machine.Run(RunLimits.Instructions(100_000));
        Assert.Equal(1, streams.Asked);
        Assert.Equal("some input", streams.Written);
        Assert.Empty(machine.Output);
        Assert.Equal(7, machine.ExitStatus);
    }

    [Fact]
    public void A_reader_that_is_gone_is_sigpipe()
    {
        LinuxMachine machine = Guest.Boot();
        machine.Streams = new Recorder("some input"u8.ToArray()) { IsGone = true };
        machine.Load(new ElfProgram(ElfFile.Parse(ElfImage.Program(CopyAll).ToBytes()), "/copy"));
        machine.Run(RunLimits.Instructions(100_000));
        Assert.Equal(SignalNumbers.SIGPIPE, machine.Signal);
    }

    /// <summary>Reads three bytes at a time, writes them, and exits with 7 at the end.</summary>
    private static void CopyAll(Assembler a)
    {
        Label next = a.CreateLabel(), end = a.CreateLabel();
        a.sub(rsp, 16);
        a.Label(ref next);
        a.mov(rsi, rsp);
        a.mov(edx, 3);
        a.xor(edi, edi);
        a.xor(eax, eax);
        a.syscall();
        a.test(eax, eax);
        a.je(end);
        a.mov(edx, eax);
        a.mov(edi, 1);
        a.mov(eax, 1);
        a.syscall();
        a.jmp(next);
        a.Label(ref end);
        a.mov(eax, 7);
        a.Exit64(eax);
    }

    private sealed class Recorder(byte[] input) : IProgramStreams
    {
        private readonly List<byte> _written = [];

        public int Asked { get; private set; }

        public bool IsGone { get; init; }

        public string Written => Encoding.UTF8.GetString([.. _written]);

        public byte[] ReadInput()
        {
            Asked++;
            return input;
        }

        public bool TryWriteOutput(ReadOnlySpan<byte> bytes)
        {
            foreach (byte value in bytes)
                _written.Add(value);
            return !IsGone;
        }

        public bool TryWriteError(ReadOnlySpan<byte> bytes) => !IsGone;
    }
}
