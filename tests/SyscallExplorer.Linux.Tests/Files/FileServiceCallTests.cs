using System.Text;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Listings, times, lengths, locks, devices, the terminal, and the limits of files.</summary>
public sealed class FileServiceCallTests
{
    private const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2, Create = 0x40;
    private const int Here = FileScript.Here;
    private const int OK = 0;

    public static TheoryData<int> Sizes => [64, 32];

    private static byte[] Longs(params long[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    private static byte[] Dwords(params int[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    private static List<(string Name, int Type)> Entries(byte[] bytes)
    {
        var entries = new List<(string, int)>();
        for (int at = 0; at < bytes.Length; at += BitConverter.ToUInt16(bytes, at + 16))
        {
            int end = Array.IndexOf(bytes, (byte)0, at + 19);
            entries.Add((Encoding.UTF8.GetString(bytes, at + 19, end - at - 19), bytes[at + 18]));
        }

        return entries;
    }

    [Theory, MemberData(nameof(Sizes))]
    public void A_directory_is_listed_in_the_order_of_its_names_with_their_kinds(int bitness)
    {
        const int directory = 4, regular = 8, link = 10;
        var script = new FileScript(bitness).Before(machine =>
        {
            machine.WriteFile("/d/zebra", ""u8);
            machine.MakeSymbolicLink("/d/apple", "x");
            machine.MakeDirectory("/d/Inner");
        });
        Argument buffer = script.Bytes(new byte[512]);
        script.Call("open", "/d", ReadOnly);
        int all = script.Call("getdents64", 3, buffer, 512);
        script.Call("getdents64", 3, buffer + 256ul, 200);
        script.Call("lseek", 3, 0, 0);
        script.Call("getdents64", 3, buffer + 256ul, 20);
        script.Call("getdents64", 3, buffer + 256ul, 60);
        script.Call("read", 3, buffer + 256ul, 60);
        CallRun run = script.Run();
        Assert.Equal([(".", directory), ("..", directory), ("Inner", directory), ("apple", link), ("zebra", regular)], Entries(run.At(buffer.Value, (int)run[all])));
        Assert.Equal([0L, 0, -Errno.EINVAL, 48, -Errno.EISDIR], Enumerable.Range(2, 5).Select(call => run[call]));
    }

    [Theory]
    [InlineData(64, 24)]
    [InlineData(32, 16)]
    public void The_older_form_of_a_listing_has_the_programs_words_and_the_kind_at_its_end(int bitness, int length)
    {
        var script = new FileScript(bitness).Before(machine => machine.MakeDirectory("/d"));
        Argument buffer = script.Bytes(new byte[128]);
        script.Call("open", "/d", ReadOnly);
        int read = script.Call("getdents", 3, buffer, 128);
        CallRun run = script.Run();
        int word = bitness / 8;
        byte[] bytes = run.At(buffer.Value, (int)run[read]);
        Assert.Equal(2 * length, bytes.Length);
        Assert.Equal(length, BitConverter.ToUInt16(bytes, 2 * word));
        Assert.Equal((byte)'.', bytes[2 * word + 2]);
        Assert.Equal(4, bytes[length - 1]);
        Assert.Equal("..\0"u8.ToArray(), bytes.AsSpan(length + 2 * word + 2, 3).ToArray());
    }

    [Fact]
    public void A_directory_may_be_emptied_while_it_is_read()
    {
        var script = new FileScript(64).Before(machine =>
        {
            foreach (string name in (string[])["a", "b", "c", "d"])
                machine.WriteFile("/d/" + name, ""u8);
        });
        Argument buffer = script.Bytes(new byte[128]);
        script.Call("open", "/d", ReadOnly);
        script.Call("getdents64", 3, buffer, 72);
        script.Call("unlink", "/d/a");
        script.Call("unlink", "/d/b");
        int second = script.Call("getdents64", 3, buffer, 128);
        CallRun run = script.Run();
        Assert.Equal(["c", "d"], Entries(run.At(buffer.Value, (int)run[second])).Select(entry => entry.Name));
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Times_are_set_and_left_as_they_are(int bitness)
    {
        bool wide = bitness == 64;
        const int now = 0x3FFF_FFFF, omit = 0x3FFF_FFFE;
        var script = new FileScript(bitness).Before(machine => machine.WriteFile("/a", ""u8));
        byte[] Pairs(params int[] values) => wide ? Longs([.. values.Select(value => (long)value)]) : Dwords(values);
        script.Call("utimensat", Here, "/a", Pairs(100, 5, 200, 6), 0);
        script.Call("utimensat", Here, "/a", Pairs(1, omit, 300, 7), 0);
        script.Call("utimensat", Here, "/a", Pairs(1, 1_000_000_000, 300, 7), 0);
        script.Call("utime", "/none", 0);
        script.Call("utimes", "/a", Pairs(100, 1_000_000, 0, 0));
        CallRun run = script.Run();
        Assert.Equal([OK, OK, -Errno.EINVAL, -Errno.ENOENT, -Errno.EINVAL], Enumerable.Range(0, 5).Select(call => (int)run[call]));
        FileTimes times = run.Machine.Vfs.StatusOf(run.Machine.Vfs.FindAsOwner("/a")!.Node)!.Times;
        Assert.Equal((100_000_000_005, 300_000_000_007), (times.Access, times.Modification));
        Assert.True(times.Change > times.Birth);

        script = new FileScript(bitness).Before(machine => machine.WriteFile("/a", ""u8));
        script.Call("utime", "/a", Pairs(7, 8));
        script.Call("utimensat", Here, "/a", Pairs(1, now, 1, omit), 0);
        run = script.Run();
        times = run.Machine.Vfs.StatusOf(run.Machine.Vfs.FindAsOwner("/a")!.Node)!.Times;
        Assert.Equal(8_000_000_000, times.Modification);
        Assert.InRange(times.Access, run.Machine.Kernel.ReleaseTime * 1_000_000_000, long.MaxValue);
    }

    [Fact]
    public void Writing_and_reading_leave_their_times()
    {
        var script = new FileScript(64).Before(machine => machine.WriteFile("/a", "text"u8));
        Argument buffer = script.Bytes(new byte[16]);
        script.Call("open", "/a", ReadWrite);
        script.Call("write", 3, "x", 1);
        script.Call("read", 3, buffer, 1);
        CallRun run = script.Run();
        FileTimes times = run.Machine.Vfs.StatusOf(run.Machine.Vfs.FindAsOwner("/a")!.Node)!.Times;
        Assert.True(times.Birth < times.Modification && times.Modification < times.Access, times.ToString());
        Assert.Equal(times.Modification, times.Change);
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Copies_go_from_file_to_file_inside_the_kernel(int bitness)
    {
        var script = new FileScript(bitness).Before(machine =>
        {
            machine.WriteFile("/a", "0123456789"u8);
            machine.WriteFile("/b", "abc"u8);
        });
        Argument from = script.Bytes(Longs(4));
        script.Call("open", "/a", ReadOnly);
        script.Call("open", "/b", ReadWrite);
        script.Call("copy_file_range", 3, 0, 4, 0, 3, 0);
        script.Call("copy_file_range", 3, from, 4, 0, 100, 0);
        script.Call("copy_file_range", 4, Argument.Result(0), 4, 0, 1, 1);
        script.Call("copy_file_range", 3, 0, 0, 0, 3, 0);
        script.Call("copy_file_range", 4, 0, 3, 0, 3, 0);
        script.Call("sendfile", 1, 3, 0, 100);
        script.Call("lseek", 3, 0, 1);
        CallRun run = script.Run();
        Assert.Equal([3, 4, 3, 6, -Errno.EINVAL, -Errno.EINVAL, -Errno.EBADF, 7, 10], Enumerable.Range(0, 9).Select(call => (int)run[call]));
        Assert.Equal("012456789"u8.ToArray(), run.Machine.ReadFile("/b"));
        Assert.Equal("3456789", Encoding.ASCII.GetString(run.Machine.Output));
        Assert.Equal(10, BitConverter.ToInt64(run.At(from.Value, 8)));
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Vectors_go_to_places(int bitness)
    {
        var script = new FileScript(bitness).Before(machine => machine.WriteFile("/a", "0123456789"u8));
        Argument buffer = script.Bytes(new byte[16]);
        byte[] vector = bitness == 64 ? Longs((long)buffer.Value, 2, (long)buffer.Value + 8, 3) : Dwords((int)buffer.Value, 2, (int)buffer.Value + 8, 3);
        script.Call("open", "/a", ReadWrite);
        script.Call("preadv", 3, vector, 2, 4, 0);
        script.Call("pwritev", 3, vector, 2, 0, 0);
        script.Call("preadv2", 3, vector, 2, -1, -1, 0);
        script.Call("preadv2", 3, vector, 2, 0, 0, 0x100);
        script.Call("pwritev2", 3, vector, 1, 0, 0, 0x10);
        script.Call("preadv", 0, vector, 1, 0, 0);
        CallRun run = script.Run();
        Assert.Equal([3, 5, 5, 5, -Errno.EOPNOTSUPP, 2, -Errno.ESPIPE], Enumerable.Range(0, 7).Select(call => (int)run[call]));
        Assert.Equal("456785678945"u8.ToArray(), run.Machine.ReadFile("/a"));
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Lengths_are_changed_by_name_and_descriptor_with_holes(int bitness)
    {
        const int data = 3, hole = 4, keepSize = 1, punch = 2;
        bool wide = bitness == 64;
        var script = new FileScript(bitness).Before(machine => machine.WriteFile("/a", "0123456789"u8));
        object[] Number(long value) => wide ? [value] : [(int)value, (int)(value >> 32)];
        script.Call("open", "/a", ReadWrite);
        script.Call(wide ? "truncate" : "truncate64", ["/a", .. Number(5L << 20)]);
        script.Call("lseek", 3, 0, data);
        script.Call("lseek", 3, 0, hole);
        script.Call("lseek", 3, 4096, data);
        script.Call("lseek", 3, 6 << 20, hole);
        script.Call("fallocate", [3, 0, .. Number(4096), .. Number(4096)]);
        script.Call("lseek", 3, 4096, data);
        script.Call("fallocate", [3, punch | keepSize, .. Number(0), .. Number(8192)]);
        script.Call("lseek", 3, 0, data);
        script.Call("fallocate", [3, punch, .. Number(0), .. Number(8192)]);
        script.Call("fallocate", [3, 0, .. Number(0), .. Number(0)]);
        script.Call("fallocate", [1, 0, .. Number(0), .. Number(1)]);
        script.Call(wide ? "truncate" : "truncate64", ["/", .. Number(0)]);
        script.Call(wide ? "truncate" : "truncate64", ["/dev/null", .. Number(0)]);
        Assert.Equal(
            [3, OK, 0, 4096, -Errno.ENXIO, -Errno.ENXIO, OK, 4096, OK, -Errno.ENXIO, -Errno.EOPNOTSUPP, -Errno.EINVAL, -Errno.ESPIPE, -Errno.EISDIR, -Errno.EINVAL],
            script.Results());
    }

    [Fact]
    public void A_file_may_grow_to_the_limit_of_all_files_and_one_byte_more_ends_the_run_with_a_sentence()
    {
        var script = new FileScript(64).Before(machine =>
            machine.Limits = machine.Limits with { FileBytes = machine.State.Tree.Room + Inode.Overhead + 2 * FileContent.PageSize });
        script.Call("open", "/a", ReadWrite | Create, 0x1A4);
        script.Call("pwrite64", 3, UserSpaceBytes, 5000, 0);
        script.Call("pwrite64", 3, UserSpaceBytes, 10000, 0);
        CallRun run = script.Run();
        Assert.Equal([3, 5000], Enumerable.Range(0, 2).Select(call => (int)run[call]));
        Assert.Null(run.Machine.ExitStatus);
        string message = run.Machine.Run(SyscallExplorer.Machine.RunLimits.Instructions(1)).Message;
        Assert.Contains("in files is reached by process 1000", message, StringComparison.Ordinal);
        Assert.Contains("ProgramLimits.FileBytes", message, StringComparison.Ordinal);
    }

    private static ulong UserSpaceBytes => UserSpace.Data64 + 0x8000;

    [Fact]
    public void The_limit_of_a_files_size_ends_in_efbig_and_a_signal()
    {
        const int fileSize = 1, blockSignals = 0;
        var script = new FileScript(64);
        script.Call("setrlimit", fileSize, Longs(4, 100));
        script.Call("rt_sigprocmask", blockSignals, Longs(1L << 24), 0, 8);
        script.Call("open", "/a", ReadWrite | Create, 0x1A4);
        script.Call("write", 3, "123456", 6);
        script.Call("write", 3, "123456", 6);
        script.Call("ftruncate", 3, 5);
        CallRun run = script.Run();
        Assert.Equal([OK, OK, 3, 4, -Errno.EFBIG, -Errno.EFBIG], Enumerable.Range(0, 6).Select(call => (int)run[call]));
    }

    [Theory, MemberData(nameof(Sizes))]
    public void The_devices_answer_as_their_names_say(int bitness)
    {
        var script = new FileScript(bitness);
        Argument buffer = script.Bytes(new byte[64]);
        script.Call("open", "/dev/full", ReadWrite);
        script.Call("write", 3, "x", 1);
        script.Call("read", 3, buffer + 32ul, 4);
        script.Call("open", "/dev/urandom", ReadOnly);
        script.Call("read", 4, buffer, 16);
        script.Call("read", 4, buffer + 16ul, 16);
        script.Call("lseek", 4, 100, 0);
        script.Call("open", "/dev/tty", ReadWrite);
        script.Call("write", 4, "x", 1);
        CallRun run = script.Run(), again = script.Run();
        Assert.Equal([3, -Errno.ENOSPC, 4, 4, 16, 16, 0, -Errno.ENXIO, -Errno.EBADF], Enumerable.Range(0, 9).Select(call => (int)run[call]));
        byte[] random = run.At(buffer.Value, 32);
        Assert.NotEqual(random[..16], random[16..]);
        Assert.Equal(random, again.At(buffer.Value, 32));
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Descriptors_are_links_in_proc_and_can_be_opened_anew(int bitness)
    {
        var script = new FileScript(bitness).Before(machine => machine.WriteFile("/d/a", "text"u8));
        Argument buffer = script.Bytes(new byte[64]);
        script.Call("open", "/d/a", ReadOnly);
        int name = script.Call("readlink", "/proc/self/fd/3", buffer, 64);
        script.Call("open", "/proc/self/fd/3", ReadWrite);
        script.Call("write", 4, "X", 1);
        script.Call("open", "/dev/stdin", ReadOnly);
        script.Call("read", 5, buffer + 32ul, 3);
        script.Call("read", 0, buffer + 35ul, 3);
        script.Call("open", "/proc/self/fd/9", ReadOnly);
        script.Call("unlink", "/proc/self/exe");
        script.Call("open", "/proc/new", WriteOnly | Create, 0x1A4);
        script.Call("rename", "/d/a", "/d/b");
        int renamed = script.Call("readlink", "/dev/fd/3", buffer + 16ul, 16);
        script.Call("unlink", "/d/b");
        int deleted = script.Call("readlink", "/dev/fd/3", buffer + 40ul, 24);
        CallRun run = script.Run("input");
        Assert.Equal([3, 4, 4, 1, 5, 3, 2, -Errno.ENOENT, -Errno.EACCES, -Errno.ENOENT, OK, 4, OK], Enumerable.Range(0, 13).Select(call => (int)run[call]));
        Assert.Equal("/d/a", Encoding.ASCII.GetString(run.At(buffer.Value, (int)run[name])));
        Assert.Equal("/d/b", Encoding.ASCII.GetString(run.At(buffer.Value + 16, (int)run[renamed])));
        Assert.EndsWith(" (deleted)", Encoding.ASCII.GetString(run.At(buffer.Value + 40, (int)run[deleted])), StringComparison.Ordinal);
        Assert.Equal("input", Encoding.ASCII.GetString(run.At(buffer.Value + 32, 5)));
    }

    [Theory, MemberData(nameof(Sizes))]
    public void A_terminal_says_that_it_is_one(int bitness)
    {
        const int getAttributes = 0x5401, setAttributes = 0x5402, getGroup = 0x540F, setGroup = 0x5410, getSize = 0x5413, setSize = 0x5414;
        var script = new FileScript(bitness).Before(machine => machine.Terminal = true);
        Argument buffer = script.Bytes(new byte[256]);
        script.Call("ioctl", 0, getAttributes, buffer);
        script.Call("ioctl", 1, getSize, buffer + 40ul);
        script.Call("ioctl", 2, getGroup, buffer + 48ul);
        script.Call("ioctl", 0, setSize, Dwords(0x0064_0032, 0));
        script.Call("ioctl", 1, getSize, buffer + 56ul);
        script.Call("ioctl", 0, setAttributes, new byte[36]);
        script.Call("ioctl", 0, setGroup, Dwords(1000));
        int name = script.Call("readlink", "/proc/self/fd/0", buffer + 64ul, 32);
        script.Call(bitness == 64 ? "fstat" : "fstat64", 0, buffer + 96ul);
        script.Call("open", "/dev/tty", ReadWrite);
        script.Call("write", 3, "to the terminal", 15);
        script.Call("ioctl", 3, getAttributes, buffer + 200ul);
        script.Call("ioctl", 0, getAttributes, 8);
        CallRun run = script.Run();
        Assert.Equal([OK, OK, OK, OK, OK, OK, OK, 10, OK, 3, 15, OK, -Errno.EFAULT], Enumerable.Range(0, 13).Select(call => (int)run[call]));
        Assert.Equal([0, 5, 0, 0], run.At(buffer.Value, 4));
        Assert.Equal([24, 0, 80, 0], run.At(buffer.Value + 40, 4));
        Assert.Equal(TaskIdentity.Pid, BitConverter.ToInt32(run.At(buffer.Value + 48, 4)));
        Assert.Equal([0x32, 0, 0x64, 0], run.At(buffer.Value + 56, 4));
        Assert.Equal("/dev/pts/0", Encoding.ASCII.GetString(run.At(buffer.Value + 64, (int)run[name])));
        Assert.Equal(FileType.CharacterDevice | 0x190, BitConverter.ToInt32(run.At(buffer.Value + 96 + (bitness == 64 ? 24ul : 16), 4)));
        Assert.Equal(0x8800, BitConverter.ToInt32(run.At(buffer.Value + 96 + (bitness == 64 ? 40ul : 32), 4)));
        Assert.Equal("to the terminal", Encoding.ASCII.GetString(run.Machine.Output));
        Assert.Equal(new byte[36], run.At(buffer.Value + 200, 36));
    }

    [Theory, MemberData(nameof(Sizes))]
    public void A_lock_of_an_open_file_stands_in_the_way_of_another(int bitness)
    {
        const int shared = 1, exclusive = 2, notBlocking = 4, unlock = 8;
        var script = new FileScript(bitness).Before(machine => machine.WriteFile("/a", ""u8));
        script.Call("open", "/a", ReadWrite);
        script.Call("open", "/a", ReadWrite);
        script.Call("flock", 3, shared);
        script.Call("flock", 4, shared);
        script.Call("flock", 4, exclusive | notBlocking);
        script.Call("flock", 3, unlock);
        script.Call("flock", 4, exclusive | notBlocking);
        script.Call("flock", 3, shared | notBlocking);
        script.Call("close", 4);
        script.Call("flock", 3, exclusive);
        script.Call("flock", 3, 16);
        script.Call("flock", 9, shared);
        Assert.Equal([3, 4, OK, OK, -Errno.EAGAIN, OK, OK, -Errno.EAGAIN, OK, OK, -22, -9], script.Results());
    }

    [Fact]
    public void Record_locks_are_a_processs_own_and_those_of_open_files_conflict()
    {
        const int getLock = 5, setLock = 6, getOpenFileLock = 36, setOpenFileLock = 37;
        const int read = 0, write = 1, unlock = 2;
        static byte[] Lock(int type, int whence, long start, long length) => [.. Dwords(type | (whence << 16), 0), .. Longs(start, length), .. Dwords(0, 0)];
        var script = new FileScript(64).Before(machine => machine.WriteFile("/a", "0123456789"u8));
        Argument asked = script.Bytes(Lock(write, 0, 0, 0));
        script.Call("open", "/a", ReadWrite);
        script.Call("open", "/a", ReadOnly);
        script.Call("fcntl", 3, setLock, Lock(write, 0, 2, 3));
        script.Call("fcntl", 4, setLock, Lock(read, 0, 0, 0));
        script.Call("fcntl", 4, setLock, Lock(write, 0, 0, 0));
        script.Call("fcntl", 3, setLock, Lock(write, 2, -2, 1));
        script.Call("fcntl", 3, getOpenFileLock, asked);
        script.Call("fcntl", 3, setOpenFileLock, Lock(write, 0, 8, 1));
        script.Call("fcntl", 3, setLock, Lock(unlock, 0, 0, 0));
        script.Call("fcntl", 3, setOpenFileLock, Lock(write, 0, 8, 1));
        script.Call("fcntl", 4, setOpenFileLock, Lock(read, 0, 0, 9));
        script.Call("fcntl", 4, setOpenFileLock, Lock(read, 0, 0, 8));
        script.Call("fcntl", 3, setLock, Lock(read, 0, -1, 8));
        script.Call("fcntl", 3, setLock, Lock(7, 0, 0, 8));
        script.Call("fcntl", 3, getLock, 16);
        CallRun run = script.Run();
        Assert.Equal([3, 4, OK, OK, -9, OK, OK, -Errno.EAGAIN, OK, OK, -Errno.EAGAIN, OK, -22, -22, -14], Enumerable.Range(0, 15).Select(call => (int)run[call]));
        byte[] answer = run.At(asked.Value, 32);
        Assert.Equal((read, TaskIdentity.Pid), (BitConverter.ToInt16(answer, 0), BitConverter.ToInt32(answer, 24)));
    }

    [Fact]
    public void Locks_run_out()
    {
        FileLocks locks = FileLocks.Empty;
        for (int i = 0; i < 4096; i++)
            locks = new FileLocks(locks.Locks.Add(new FileLock(new MemoryNode(0, 1), FileLockKind.Process, 1, false, 2 * i, 2 * i)));
        var script = new FileScript(64).Before(machine => machine.State = machine.State with { Locks = locks });
        script.Call("open", "/a", ReadWrite | Create, 0x1A4);
        script.Call("flock", 3, 1);
        Assert.Equal([3, -Errno.ENOLCK], script.Results());
    }

    [Theory, MemberData(nameof(Sizes))]
    public void File_systems_tell_their_kind_and_room(int bitness)
    {
        var script = new FileScript(bitness);
        Argument buffer = script.Bytes(new byte[128]);
        script.Call("statfs", "/tmp", buffer);
        script.Call("fstatfs", 0, buffer + 64ul);
        script.Call("statfs", "/none", buffer);
        script.Call("sync");
        script.Call("syncfs", 0);
        script.Call("fsync", 1);
        CallRun run = script.Run();
        Assert.Equal([OK, OK, -Errno.ENOENT, OK, OK, -Errno.EINVAL], Enumerable.Range(0, 6).Select(call => (int)run[call]));
        int word = bitness / 8;
        Assert.Equal(0x0102_1994, BitConverter.ToInt32(run.At(buffer.Value, 4)));
        Assert.Equal(65536, BitConverter.ToInt32(run.At(buffer.Value + 2 * (ulong)word, 4)));
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Files_have_no_extended_attributes(int bitness)
    {
        var script = new FileScript(bitness).Before(machine => machine.WriteFile("/a", ""u8));
        script.Call("getxattr", "/a", "security.selinux", 0, 0);
        script.Call("lgetxattr", "/a", "user.colour", 0, 0);
        script.Call("listxattr", "/a", 0, 0);
        script.Call("setxattr", "/a", "user.colour", "red", 3, 0);
        script.Call("removexattr", "/a", "trusted.x");
        script.Call("getxattr", "/none", "security.selinux", 0, 0);
        script.Call("fgetxattr", 9, "security.selinux", 0, 0);
        Assert.Equal([-Errno.ENODATA, -Errno.EOPNOTSUPP, OK, -Errno.EOPNOTSUPP, -Errno.EPERM, -Errno.ENOENT, -Errno.EBADF], script.Results());
    }

    [Fact]
    public void The_oldest_calls_of_32_bit_programs_still_answer()
    {
        var script = new FileScript(32).Before(machine => machine.WriteFile("/d/a", "0123456789"u8));
        Argument buffer = script.Bytes(new byte[128]);
        script.Call("oldstat", "/d/a", buffer);
        script.Call("open", "/d", ReadOnly);
        script.Call("readdir", 3, buffer + 32ul, 1);
        script.Call("readdir", 3, buffer + 64ul, 1);
        script.Call("readdir", 3, buffer + 96ul, 1);
        script.Call("readdir", 3, buffer + 64ul, 1);
        script.Call("chown", "/d/a", 0xFFFF, 1000);
        script.Call("chown", "/d/a", 1, -1);
        script.Call("statfs64", "/", 84, buffer);
        script.Call("statfs64", "/", 88, buffer);
        CallRun run = script.Run();
        Assert.Equal([OK, 3, 1, 1, 1, 0, OK, -Errno.EPERM, OK, -Errno.EINVAL], Enumerable.Range(0, 10).Select(call => (int)run[call]));
        Assert.Equal("a\0"u8.ToArray(), run.At(buffer.Value + 96 + 10, 2));
    }

    [Fact]
    public void A_page_of_a_file_is_read_and_written_back()
    {
        LinuxMachine machine = Guest.Boot();
        machine.WriteFile("/a", new byte[5000]);
        VfsNode node = machine.Vfs.FindAsOwner("/a")!.Node;
        byte[] page = [.. Enumerable.Repeat((byte)7, 4096)];
        Assert.Equal(OK, machine.Vfs.WritePage(node, 1, page));
        Assert.Equal(5000, machine.Vfs.SizeOf(node));
        Assert.Equal(904, machine.Vfs.ReadPage(node, 1, page));
        Assert.Equal((7, 0), (page[903], page[904]));
        Assert.Equal(0, machine.Vfs.ReadPage(node, 2, page));
        Assert.Equal(4096, machine.Vfs.ReadPage(node, 0, page));
    }

    [Fact]
    public void A_deep_tree_of_directories_harms_nobody()
    {
        LinuxMachine machine = Guest.Boot();
        FileTree tree = machine.State.Tree;
        long parent = FileTree.RootNumber;
        for (int i = 0; i < 20_000; i++)
        {
            tree = tree.Add(parent, "d", new Inode(0, FileType.Directory | 0x1ED, 1000, 1000, 0, default, DirectoryBody.Empty(parent)), 0, out _)!;
            parent = tree.Find(parent, "d")!.Number;
        }

        machine.State = machine.State with { Tree = tree };
        Assert.Empty(machine.FileNames);
        Assert.NotEmpty(machine.Vfs.PathOf(new MemoryNode(0, parent)));
        Assert.True(tree.IsWithin(parent, FileTree.RootNumber));
    }
}
