using System.Text;

namespace SyscallExplorer.Linux.Tests;

/// <summary>The calls on names, as programs of both word sizes see them.</summary>
public sealed class PathCallTests
{
    private const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2, Create = 0x40, Exclusive = 0x80, Truncate = 0x200, Append = 0x400;
    private const int Directory = 0x10000, NoFollow = 0x20000, PathOnly = 0x200000, Nameless = 0x410000;
    private const int Here = FileScript.Here, EmptyPath = 0x1000, RemoveDirectory = 0x200, NoFollowAt = 0x100, FollowAt = 0x400;
    private const int OK = 0;

    public static TheoryData<int> Sizes => [64, 32];

    [Theory, MemberData(nameof(Sizes))]
    public void Directories_are_made_entered_and_removed(int bitness)
    {
        var script = new FileScript(bitness);
        Argument buffer = script.Bytes(new byte[64]);
        script.Call("mkdir", "/d", 0x1ED);
        script.Call("mkdir", "/d/", 0x1ED);
        script.Call("mkdir", "d/e/", 0x1FF);
        script.Call("chdir", "/d/e");
        script.Call("mkdirat", Here, "f", 0x1ED);
        int cwd = script.Call("getcwd", buffer, 64);
        script.Call("getcwd", buffer, 4);
        script.Call("rmdir", "/d/e/f/.");
        script.Call("rmdir", "/d/e/f/..");
        script.Call("rmdir", "/");
        script.Call("rmdir", "/d");
        script.Call("rmdir", "f");
        script.Call("rmdir", "/d/e");
        script.Call("getcwd", buffer, 64);
        script.Call("mkdir", "g", 0x1ED);
        script.Call("chdir", "..");
        script.Call("rmdir", "/d/e");
        CallRun run = script.Run();
        Assert.Equal(
            [OK, -Errno.EEXIST, OK, OK, OK, 5, -Errno.ERANGE, -Errno.EINVAL, -Errno.ENOTEMPTY, -Errno.EBUSY, -Errno.ENOTEMPTY, OK, OK, -Errno.ENOENT, -Errno.ENOENT, OK, -Errno.ENOENT],
            Enumerable.Range(0, 17).Select(call => (int)run[call]));
        Assert.Equal("/d/e\0", Encoding.ASCII.GetString(run.At(buffer.Value, (int)run[cwd])));
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Descriptors_of_directories_are_where_names_start(int bitness)
    {
        var script = new FileScript(bitness).Before(machine => machine.WriteFile("/d/e/a", "text"u8));
        script.Call("open", "/d", ReadOnly | Directory);
        script.Call("openat", 3, "e/a", ReadOnly);
        script.Call("openat", 4, "a", ReadOnly);
        script.Call("openat", 77, "a", ReadOnly);
        script.Call("openat", 77, "/d/e/a", ReadOnly);
        script.Call("openat", 0, "a", ReadOnly);
        script.Call("fchdir", 3);
        script.Call("fchdir", 4);
        script.Call("open", "e/a", ReadOnly);
        script.Call("unlinkat", 3, "e/a", 0);
        script.Call("unlinkat", 3, "e", 0);
        script.Call("unlinkat", 3, "e", RemoveDirectory);
        script.Call("openat", 3, "", ReadOnly);
        Assert.Equal([3, 4, -Errno.ENOTDIR, -Errno.EBADF, 5, -Errno.ENOTDIR, OK, -Errno.ENOTDIR, 6, OK, -Errno.EISDIR, OK, -Errno.ENOENT], script.Results());
    }

    [Theory, MemberData(nameof(Sizes))]
    public void An_unlinked_file_lives_as_long_as_it_is_open(int bitness)
    {
        var script = new FileScript(bitness).Before(machine => machine.WriteFile("/a", "text"u8));
        Argument buffer = script.Bytes(new byte[16]);
        script.Call("open", "/a", ReadWrite);
        script.Call("unlink", "/a");
        script.Call("read", 3, buffer, 16);
        script.Call("write", 3, "more", 4);
        script.Call("dup", 3);
        script.Call("close", 3);
        script.Call("lseek", 4, 0, 2);
        script.Call("open", "/a", ReadOnly);
        script.Call("close", 4);
        CallRun run = script.Run();
        Assert.Equal([3, OK, 4, 4, 4, OK, 8, -Errno.ENOENT, OK], Enumerable.Range(0, 9).Select(call => (int)run[call]));
        Assert.Empty(run.Machine.State.Tree.Orphans);
        Assert.Equal(Guest.Boot().State.Tree.Room, run.Machine.State.Tree.Room);
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Links_are_followed_and_where_they_lead_may_be_made(int bitness)
    {
        var script = new FileScript(bitness).Before(machine => machine.WriteFile("/d/file", "text"u8));
        Argument buffer = script.Bytes(new byte[16]);
        script.Call("symlink", "d/file", "/link");
        script.Call("symlink", "../d", "/d/up");
        script.Call("symlink", "d/new", "/dangling");
        script.Call("open", "/link", ReadOnly);
        script.Call("open", "/d/up/up/up/file", ReadOnly);
        script.Call("open", "/link", ReadOnly | NoFollow);
        script.Call("open", "/link/", ReadOnly);
        script.Call("open", "/dangling", ReadOnly);
        script.Call("open", "/dangling", WriteOnly | Create | Exclusive, 0x1A4);
        script.Call("open", "/dangling", WriteOnly | Create, 0x1A4);
        script.Call("access", "/d/new", 0);
        int length = script.Call("readlink", "/dangling", buffer, 16);
        script.Call("readlink", "/d", buffer, 16);
        script.Call("symlink", "x", "/link");
        script.Call("symlink", "", "/empty");
        script.Call("unlink", "/link");
        script.Call("access", "/d/file", 0);
        CallRun run = script.Run();
        Assert.Equal(
            [OK, OK, OK, 3, 4, -Errno.ELOOP, -Errno.ENOTDIR, -Errno.ENOENT, -Errno.EEXIST, 5, OK, 5, -Errno.EINVAL, -Errno.EEXIST, -Errno.ENOENT, OK, OK],
            Enumerable.Range(0, 17).Select(call => (int)run[call]));
        Assert.Equal("d/new", Encoding.ASCII.GetString(run.At(buffer.Value, (int)run[length])));
    }

    [Theory]
    [InlineData(40, 3)]
    [InlineData(41, -Errno.ELOOP)]
    public void Forty_links_in_a_row_are_followed_and_no_more(int count, int expected)
    {
        var script = new FileScript(64).Before(machine =>
        {
            machine.WriteFile("/link0", "end"u8);
            for (int i = 1; i <= count; i++)
                machine.MakeSymbolicLink($"/link{i}", $"link{i - 1}");
        });
        script.Call("open", $"/link{count}", ReadOnly);
        Assert.Equal([expected], script.Results());
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Hard_links_share_a_file_and_directories_get_none(int bitness)
    {
        var script = new FileScript(bitness).Before(machine =>
        {
            machine.WriteFile("/a", "text"u8);
            machine.MakeDirectory("/d");
            machine.MakeSymbolicLink("/s", "a");
        });
        script.Call("link", "/a", "/d/b");
        script.Call("link", "/a", "/d/b");
        script.Call("link", "/d", "/e");
        script.Call("link", "/none", "/e");
        script.Call("link", "/a", "/proc/x");
        script.Call("link", "/a", "/none/x");
        script.Call("link", "/a", "/e/");
        script.Call("linkat", Here, "/s", Here, "/t", 0);
        script.Call("linkat", Here, "/s", Here, "/u", FollowAt);
        script.Call("linkat", Here, "/s", Here, "/v", 0x4000);
        script.Call("truncate", "/d/b", 2);
        CallRun run = script.Run();
        Assert.Equal(
            [OK, -Errno.EEXIST, -Errno.EPERM, -Errno.ENOENT, -Errno.ENOENT, -Errno.ENOENT, -Errno.ENOENT, OK, OK, -Errno.EINVAL, OK],
            Enumerable.Range(0, 11).Select(call => (int)run[call]));
        Assert.Equal("te"u8.ToArray(), run.Machine.ReadFile("/u"));
        Assert.Equal(3, run.Machine.Vfs.StatusOf(run.Machine.Vfs.FindAsOwner("/a")!.Node)!.Links);
        Assert.True(run.Machine.Vfs.StatusOf(run.Machine.Vfs.FindAsOwner("/t", follow: false)!.Node)!.IsSymbolicLink);
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Names_are_moved_replaced_kept_and_exchanged(int bitness)
    {
        const int noReplace = 1, exchange = 2;
        var script = new FileScript(bitness).Before(machine =>
        {
            machine.WriteFile("/a", "A"u8);
            machine.WriteFile("/b", "B"u8);
            machine.WriteFile("/d/x", "X"u8);
            machine.MakeDirectory("/e");
        });
        script.Call("rename", "/a", "/c");
        script.Call("rename", "/a", "/c");
        script.Call("renameat2", Here, "/b", Here, "/c", noReplace);
        script.Call("renameat2", Here, "/b", Here, "/c", exchange);
        script.Call("renameat2", Here, "/b", Here, "/none", exchange);
        script.Call("renameat2", Here, "/b", Here, "/c", noReplace | exchange);
        script.Call("rename", "/d", "/d/below");
        script.Call("rename", "/d/x", "/d");
        script.Call("rename", "/d", "/b");
        script.Call("rename", "/b", "/e");
        script.Call("rename", "/e", "/d");
        script.Call("rename", "/d", "/e");
        script.Call("rename", "/e/.", "/f");
        script.Call("rename", "/b", "/proc/b");
        script.Call("rename", "/b", "/b2/");
        script.Call("rename", "/e/", "/f/");
        script.Call("renameat", Here, "/b", Here, "/f/b");
        script.Call("rename", "/proc", "/f/proc");
        CallRun run = script.Run();
        Assert.Equal(
            [OK, -Errno.ENOENT, -Errno.EEXIST, OK, -Errno.ENOENT, -Errno.EINVAL, -Errno.EINVAL, -Errno.ENOTEMPTY, -Errno.ENOTDIR, -Errno.EISDIR, -Errno.ENOTEMPTY, OK,
             -Errno.EBUSY, -Errno.EXDEV, -Errno.ENOTDIR, OK, OK, -Errno.EBUSY],
            Enumerable.Range(0, 18).Select(call => (int)run[call]));
        Assert.Equal(["/c", "/f/b", "/f/x"], run.Machine.FileNames);
        Assert.Equal(("B", "A"), (Encoding.ASCII.GetString(run.Machine.ReadFile("/c")), Encoding.ASCII.GetString(run.Machine.ReadFile("/f/b"))));
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Permissions_bind_the_program(int bitness)
    {
        var script = new FileScript(bitness).Before(machine =>
        {
            machine.WriteFile("/mine", "x"u8);
            machine.WriteFile("/closed/inner", "x"u8);
        });
        script.Call("chmod", "/mine", 0);
        script.Call("open", "/mine", ReadOnly);
        script.Call("access", "/mine", 0);
        script.Call("access", "/mine", 4);
        script.Call("chmod", "/closed", 0x124);
        script.Call("open", "/closed/inner", ReadOnly);
        script.Call("open", "/closed", ReadOnly);
        script.Call("chdir", "/closed");
        script.Call("unlink", "/closed/inner");
        script.Call("open", "/dev/new", WriteOnly | Create, 0x1A4);
        script.Call("unlink", "/dev/null");
        script.Call("chmod", "/dev/null", 0x1FF);
        script.Call(bitness == 64 ? "chown" : "chown32", "/mine", 0, -1);
        script.Call(bitness == 64 ? "chown" : "chown32", "/mine", 1000, 1000);
        script.Call(bitness == 64 ? "lchown" : "lchown32", "/mine", -1, 5);
        script.Call("mknod", "/device", 0x2000 | 0x1A4, 0x103);
        script.Call("mknod", "/fifo", 0x1000 | 0x1FF, 0);
        script.Call("chroot", "/");
        script.Call("mount", "none", "/d", "tmpfs", 0, 0);
        const int acces = -Errno.EACCES, perm = -Errno.EPERM;
        CallRun run = script.Run();
        Assert.Equal([OK, acces, OK, acces, OK, acces, 3, acces, acces, acces, acces, perm, perm, OK, perm, perm, OK, perm, perm], Enumerable.Range(0, 19).Select(call => (int)run[call]));
        Assert.Equal(FileType.Fifo | 0x1ED, run.Machine.Vfs.StatusOf(run.Machine.Vfs.FindAsOwner("/fifo")!.Node)!.Mode);
    }

    [Theory, MemberData(nameof(Sizes))]
    public void In_a_sticky_directory_nobody_removes_what_is_anothers(int bitness)
    {
        var script = new FileScript(bitness).Before(machine =>
        {
            FileTree tree = machine.State.Tree;
            long tmp = tree.Find(FileTree.RootNumber, "tmp")!.Number;
            tree = tree.Add(tmp, "roots", new Inode(0, FileType.Regular | 0x1B6, 0, 0, 0, default, new RegularBody(FileContent.Empty)), 0, out _)!;
            machine.State = machine.State with { Tree = tree };
        });
        script.Call("open", "/tmp/own", WriteOnly | Create, 0x1A4);
        script.Call("unlink", "/tmp/roots");
        script.Call("rename", "/tmp/roots", "/tmp/mine");
        script.Call("rename", "/tmp/own", "/tmp/roots");
        script.Call("unlink", "/tmp/own");
        Assert.Equal([3, -Errno.EPERM, -Errno.EPERM, -Errno.EPERM, OK], script.Results());
    }

    [Theory, MemberData(nameof(Sizes))]
    public void The_mask_takes_permissions_from_what_is_new(int bitness)
    {
        var script = new FileScript(bitness);
        script.Call("umask", 0x3F);
        script.Call("umask", 0x17);
        script.Call("open", "/a", WriteOnly | Create, 0x1B6);
        script.Call("mkdir", "/d", 0x3FF);
        CallRun run = script.Run();
        Assert.Equal([0x12, 0x3F], [run[0], run[1]]);
        Assert.Equal(FileType.Regular | 0x1A0, run.Machine.Vfs.StatusOf(run.Machine.Vfs.FindAsOwner("/a")!.Node)!.Mode);
        Assert.Equal(FileType.Directory | 0x3E8, run.Machine.Vfs.StatusOf(run.Machine.Vfs.FindAsOwner("/d")!.Node)!.Mode);
    }

    [Fact]
    public void A_read_only_open_with_O_TRUNC_truncates_as_Linux_does()
    {
        var script = new FileScript(64).Before(machine => machine.WriteFile("/a", "text"u8));
        script.Call("open", "/a", ReadOnly | Truncate);
        Assert.Empty(script.Run().Machine.ReadFile("/a"));
    }

    [Fact]
    public void An_append_goes_to_the_end_wherever_the_position_is()
    {
        var script = new FileScript(64).Before(machine => machine.WriteFile("/a", "text"u8));
        script.Call("open", "/a", ReadWrite | Append);
        script.Call("write", 3, "12", 2);
        script.Call("lseek", 3, 0, 0);
        script.Call("pwrite64", 3, "34", 2, 0);
        Assert.Equal("text1234"u8.ToArray(), script.Run().Machine.ReadFile("/a"));
    }

    [Theory, MemberData(nameof(Sizes))]
    public void A_path_descriptor_is_a_place_and_nothing_to_read(int bitness)
    {
        var script = new FileScript(bitness).Before(machine =>
        {
            machine.WriteFile("/d/a", "text"u8);
            machine.MakeSymbolicLink("/link", "target");
        });
        Argument buffer = script.Bytes(new byte[256]);
        script.Call("open", "/d", PathOnly);
        script.Call("openat", 3, "a", ReadOnly);
        script.Call("read", 3, buffer, 1);
        script.Call(bitness == 64 ? "fstat" : "fstat64", 3, buffer);
        script.Call("fchdir", 3);
        script.Call("open", "/link", PathOnly | NoFollow);
        script.Call("readlinkat", 5, "", buffer, 100);
        script.Call("ioctl", 3, 0x5401, buffer);
        script.Call("fchmod", 3, 0);
        script.Call("getdents64", 3, buffer, 256);
        script.Call("dup", 3);
        script.Call("open", "/proc/self/fd/3/a", ReadOnly);
        const int badf = -Errno.EBADF;
        Assert.Equal([3, 4, badf, OK, OK, 5, 6, badf, badf, badf, 6, 7], script.Results());
    }

    [Fact]
    public void A_nameless_file_gets_a_name_by_its_descriptor()
    {
        var script = new FileScript(64);
        script.Call("open", "/tmp", Nameless | ReadWrite, 0x180);
        script.Call("write", 3, "text", 4);
        script.Call("linkat", Here, "/proc/self/fd/3", Here, "/a", FollowAt);
        script.Call("open", "/tmp", Nameless | ReadOnly, 0x180);
        script.Call("memfd_create", "name", 1);
        script.Call("write", 4, "text", 4);
        script.Call("linkat", 4, "", Here, "/b", EmptyPath);
        CallRun run = script.Run();
        Assert.Equal([3, 4, OK, -Errno.EINVAL, 4, 4, -Errno.ENOENT], Enumerable.Range(0, 7).Select(call => (int)run[call]));
        Assert.Equal("text"u8.ToArray(), run.Machine.ReadFile("/a"));
    }

    [Fact]
    public void The_rules_of_openat2_keep_a_name_beneath_its_directory()
    {
        const int noCrossing = 1, noMagicLinks = 2, noLinks = 4, beneath = 8, inRoot = 16;
        static byte[] How(long flags, long mode, long rules) => [.. BitConverter.GetBytes(flags), .. BitConverter.GetBytes(mode), .. BitConverter.GetBytes(rules)];
        var script = new FileScript(64).Before(machine =>
        {
            machine.WriteFile("/d/e/a", "text"u8);
            machine.WriteFile("/a", "text"u8);
            machine.MakeSymbolicLink("/d/out", "/a");
            machine.MakeSymbolicLink("/d/in", "e/a");
        });
        int Try(string name, int rules) => script.Call("openat2", 3, name, How(ReadOnly, 0, rules), 24);
        script.Call("open", "/d", ReadOnly | Directory);
        Try("e/../e/a", beneath);
        Try("../a", beneath);
        Try("/a", beneath);
        Try("out", beneath);
        Try("in", beneath);
        Try("in", noLinks);
        Try("out", inRoot);
        Try("/e/../../../e/a", inRoot);
        Try("/proc/self/fd/3", noMagicLinks);
        Try("/proc/self", noCrossing);
        script.Call("openat2", 3, "e", How(ReadOnly, 1, 0), 24);
        script.Call("openat2", 3, "e", How(1L << 40, 0, 0), 24);
        script.Call("openat2", 3, "e", How(0, 0, 24), 24);
        script.Call("openat2", 3, "e", How(0, 0, 0), 16);
        script.Call("openat2", 3, "e", (byte[])[.. How(0, 0, 0), 1], 25);
        Assert.Equal(
            [3, 4, -Errno.EXDEV, -Errno.EXDEV, -Errno.EXDEV, 5, -Errno.ELOOP, -Errno.ENOENT, 6, -Errno.ELOOP, -Errno.EXDEV, -22, -22, -22, -22, -Errno.E2BIG],
            script.Results());
    }

    [Fact]
    public void Names_are_bytes()
    {
        byte[] name = [(byte)'/', 0xFF, 0xC3, 0xA4, 0x80, 0];
        var script = new FileScript(64);
        script.Call("open", name, WriteOnly | Create, 0x1A4);
        script.Call("open", "/ä", WriteOnly | Create, 0x1A4);
        Argument buffer = script.Bytes(new byte[512]);
        script.Call("open", "/", ReadOnly);
        int read = script.Call("getdents64", 5, buffer, 512);
        CallRun run = script.Run();
        byte[] entries = run.At(buffer.Value, (int)run[read]);
        Assert.True(entries.AsSpan().IndexOf(name.AsSpan(1)) > 0);
        Assert.Contains("/ä", run.Machine.FileNames);
    }

    [Fact]
    public void A_closed_descriptor_number_is_used_again_and_a_range_is_closed_at_once()
    {
        var script = new FileScript(64).Before(machine => machine.WriteFile("/a", ""u8));
        for (int i = 0; i < 4; i++)
            script.Call("open", "/a", ReadOnly);
        script.Call("close_range", 4, 5, 0);
        script.Call("open", "/a", ReadOnly);
        script.Call("close_range", 3, -1, 4);
        script.Call("fcntl", 6, 1, 0);
        script.Call("close_range", 5, 4, 0);
        script.Call("fcntl", 5, 1, 0);
        Assert.Equal([3, 4, 5, 6, OK, 4, OK, 1, -22, -9], script.Results());
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Not_following_and_empty_names_are_flags(int bitness)
    {
        var script = new FileScript(bitness).Before(machine =>
        {
            machine.WriteFile("/a", "text"u8);
            machine.MakeSymbolicLink("/link", "a");
        });
        Argument buffer = script.Bytes(new byte[256]);
        script.Call("statx", Here, "/link", NoFollowAt, 0x7FF, buffer);
        script.Call("statx", Here, "", 0, 0x7FF, buffer);
        script.Call("statx", Here, "", EmptyPath, 0x7FF, buffer);
        script.Call("statx", Here, "/link", 0x10000, 0x7FF, buffer);
        script.Call("faccessat2", Here, "/link", 0, NoFollowAt);
        script.Call("fchmodat", Here, "/link", 0x180);
        script.Call("statx", Here, "/link", 0, 0x7FF, buffer);
        CallRun run = script.Run();
        Assert.Equal([OK, -Errno.ENOENT, OK, -Errno.EINVAL, OK, OK, OK], Enumerable.Range(0, 7).Select(call => (int)run[call]));
        Assert.Equal(FileType.Regular | 0x180, BitConverter.ToUInt16(run.At(buffer.Value + 28, 2)));
    }
}
