using System.Text;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Folders of the host inside the machine: what is seen, that nothing else is, and that it stays.</summary>
public sealed class HostViewTests : IDisposable
{
    private const int ReadOnly = 0, WriteOnly = 1, Create = 0x40;
    private readonly string _outside = System.IO.Directory.CreateTempSubdirectory("host-view").FullName;
    private readonly string _folder;

    public HostViewTests()
    {
        _folder = System.IO.Directory.CreateDirectory(Path.Combine(_outside, "view")).FullName;
        File.WriteAllText(Path.Combine(_outside, "secret"), "secret");
        Put("hello", "hello, world");
        Put("sub/inner", "inner");
        Put("etc/passwd", "of the view");
    }

    public void Dispose() => System.IO.Directory.Delete(_outside, recursive: true);

    private void Put(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private void Link(string name, string target) => File.CreateSymbolicLink(Path.Combine(_folder, name), target);

    private LinuxMachine Mounted(string at = "/host")
    {
        LinuxMachine machine = Guest.Boot();
        machine.MountHost(at, _folder);
        return machine;
    }

    private static long Open(LinuxMachine machine, string path)
    {
        FileObject? file = machine.Vfs.Open(machine.Vfs.Root, PathNames.OfText(path), ReadOnly, 0, ResolveRules.None, out int error);
        Assert.Equal(file is null, error != 0);
        return error;
    }

    private static string Read(LinuxMachine machine, string path) => Encoding.UTF8.GetString(machine.ReadFile(path));

    private static string[] Names(LinuxMachine machine, string path) =>
        [.. machine.Vfs.List(machine.Vfs.FindAsOwner(path)!.Node, out _)!.Select(entry => PathNames.ToText(entry.Name))];

    [Fact]
    public void A_file_of_the_view_is_read_and_stands_in_the_inputs_by_its_hash()
    {
        LinuxMachine machine = Mounted();
        Assert.DoesNotContain(machine.HostInputs, input => input.Kind == HostInputKind.Content);
        Assert.Equal("hello, world", Read(machine, "/host/hello"));
        HostInput input = Assert.Single(machine.HostInputs, input => input.Kind == HostInputKind.Content);
        Assert.Equal("/host/hello", input.Path);
        Assert.Equal("09ca7e4eaa6e8ae9c7d261167129184883644d07dfba7cbfbc4c8a2e08360d5b", input.Hash);
    }

    [Fact]
    public void What_was_read_once_stays_whatever_the_host_does()
    {
        LinuxMachine machine = Mounted();
        LinuxSnapshot before = machine.Capture();
        Assert.Equal("hello, world", Read(machine, "/host/hello"));
        Assert.Equal([".", "..", "etc", "hello", "sub"], Names(machine, "/host"));
        LinuxMachine fork = machine.Fork();
        Put("hello", "changed");
        Put("new", "new");
        File.Delete(Path.Combine(_folder, "sub", "inner"));
        Assert.Equal("hello, world", Read(machine, "/host/hello"));
        Assert.Equal("hello, world", Read(fork, "/host/hello"));
        Assert.Equal([".", "..", "etc", "hello", "sub"], Names(fork, "/host"));
        Assert.Equal(machine.HostInputs, fork.HostInputs);
        machine.Restore(before);
        Assert.Equal("changed", Read(machine, "/host/hello"));
    }

    [Fact]
    public void A_name_that_was_missing_stays_missing()
    {
        LinuxMachine machine = Mounted();
        Assert.Equal(-Errno.ENOENT, Open(machine, "/host/new"));
        Put("new", "new");
        Assert.Equal(-Errno.ENOENT, Open(machine, "/host/new"));
        Assert.Contains(machine.HostInputs, input => input is { Path: "/host/new", Kind: HostInputKind.Attributes });
    }

    [Theory]
    [InlineData("/host/../secret")]
    [InlineData("/host/sub/../../secret")]
    [InlineData("/host/sub/../../../../../../../../etc/passwd")]
    [InlineData("/host/./sub/.././../view/hello")]
    [InlineData("/../etc/passwd")]
    public void No_path_with_dots_leads_out(string path) => Assert.Equal(-Errno.ENOENT, Open(Mounted(), path));

    [SkippableTheory]
    [InlineData("../secret")]
    [InlineData("sub/../../secret")]
    [InlineData("../view/../secret")]
    [InlineData("/etc/hostname")]
    [InlineData("/proc/self/root/etc/hostname")]
    [InlineData("//etc/hostname")]
    [InlineData("OUTSIDE/secret")]
    public void No_link_leads_out(string target)
    {
        Skip.If(OperatingSystem.IsWindows(), "Links need a right on Windows.");
        Link("escape", target.Replace("OUTSIDE", _outside, StringComparison.Ordinal));
        Link("sub/escape", target.Replace("OUTSIDE", _outside, StringComparison.Ordinal));
        LinuxMachine machine = Mounted();
        Assert.Equal(-Errno.ENOENT, Open(machine, "/host/escape"));
        Assert.Equal(-Errno.ENOENT, Open(machine, "/host/sub/escape"));
        Assert.Throws<FileNotFoundException>(() => machine.ReadFile("/host/escape"));
    }

    [SkippableFact]
    public void No_linked_directory_leads_out()
    {
        Skip.If(OperatingSystem.IsWindows(), "Links need a right on Windows.");
        Link("up", "..");
        Link("sub/up", "../..");
        Link("absolute", _outside);
        LinuxMachine machine = Mounted();
        Assert.Equal(-Errno.ENOENT, Open(machine, "/host/up/secret"));
        Assert.Equal(-Errno.ENOENT, Open(machine, "/host/sub/up/secret"));
        Assert.Equal(-Errno.ENOENT, Open(machine, "/host/absolute/secret"));

        // Where a link does lead is a directory of the machine.
        Assert.Contains("host", Names(machine, "/host/up"));
        machine = Mounted("/");
        Assert.Equal(["etc", "hello", "sub"], Names(machine, "/up").Intersect(["etc", "hello", "sub", "secret"]));
    }

    [SkippableFact]
    public void An_absolute_link_leads_to_the_machines_own_name()
    {
        Skip.If(OperatingSystem.IsWindows(), "Links need a right on Windows.");
        Link("link", "/etc/passwd");
        Assert.Equal("of the view", Read(Mounted("/"), "/link"));
        LinuxMachine machine = Mounted();
        machine.WriteFile("/etc/passwd", "of the machine"u8);
        Assert.Equal("of the machine", Read(machine, "/host/link"));
    }

    [SkippableFact]
    public void A_folder_that_became_a_link_after_it_was_looked_at_is_not_followed()
    {
        Skip.If(OperatingSystem.IsWindows(), "Links need a right on Windows.");
        Put("door/secret", "of the view");
        LinuxMachine machine = Mounted();
        Assert.NotNull(machine.Vfs.FindAsOwner("/host/door/secret"));
        System.IO.Directory.Delete(Path.Combine(_folder, "door"), recursive: true);
        Link("door", _outside);
        Assert.NotEqual(0, Open(machine, "/host/door/secret"));
        Assert.Null(machine.Vfs.List(machine.Vfs.FindAsOwner("/host/door")!.Node, out _));
    }

    [SkippableFact]
    public void Links_in_a_circle_are_eloop()
    {
        Skip.If(OperatingSystem.IsWindows(), "Links need a right on Windows.");
        Link("one", "two");
        Link("two", "sub/../one");
        Link("self", "self");
        LinuxMachine machine = Mounted();
        Assert.Equal(-Errno.ELOOP, Open(machine, "/host/one"));
        Assert.Equal(-Errno.ELOOP, Open(machine, "/host/self/below"));
    }

    [SkippableFact]
    public void A_special_file_is_listed_and_never_opened()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "mkfifo is needed.");
        string fifo = Path.Combine(_folder, "fifo");
        using System.Diagnostics.Process made = System.Diagnostics.Process.Start("mkfifo", [fifo]);
        made.WaitForExit();
        LinuxMachine machine = Mounted();
        Assert.Contains("fifo", Names(machine, "/host"));
        Assert.Equal(FileType.Fifo, machine.Vfs.StatusOf(machine.Vfs.FindAsOwner("/host/fifo")!.Node)!.Type);
        Assert.Equal(-Errno.EACCES, Open(machine, "/host/fifo"));
    }

    [Fact]
    public void Nothing_in_a_view_can_be_changed()
    {
        var script = new FileScript(64);
        script.Before(machine => machine.MountHost("/host", _folder));
        script.Call("open", "/host/hello", WriteOnly);
        script.Call("open", "/host/new", WriteOnly | Create, 0x1A4);
        script.Call("open", "/host/hello", ReadOnly | Create, 0x1A4);
        script.Call("mkdir", "/host/new", 0x1ED);
        script.Call("mkdir", "/host/sub", 0x1ED);
        script.Call("unlink", "/host/hello");
        script.Call("unlink", "/host/none");
        script.Call("rmdir", "/host/sub");
        script.Call("rename", "/host/hello", "/host/other");
        script.Call("rename", "/host/hello", "/other");
        script.Call("link", "/host/hello", "/other");
        script.Call("symlink", "x", "/host/link");
        script.Call("chmod", "/host/hello", 0);
        script.Call("truncate", "/host/hello", 0);
        script.Call("utime", "/host/hello", 0);
        script.Call("access", "/host/hello", 2);
        script.Call("access", "/host/hello", 4);
        script.Call("rmdir", "/host");
        const int rofs = -Errno.EROFS, crossing = -Errno.EXDEV;
        Assert.Equal([rofs, rofs, 3, rofs, -Errno.EEXIST, rofs, rofs, rofs, rofs, crossing, crossing, rofs, rofs, rofs, rofs, rofs, 0, -Errno.EBUSY], script.Results());
        Assert.Equal("hello, world", File.ReadAllText(Path.Combine(_folder, "hello")));
        Assert.Equal(3, System.IO.Directory.GetFileSystemEntries(_folder).Length);
    }

    [Fact]
    public void A_view_under_the_root_keeps_the_machines_own_directories()
    {
        Put("dev/null", "not a device");
        Put("tmp/file", "of the host");
        LinuxMachine machine = Mounted("/");
        Assert.Equal([".", "..", "dev", "etc", "hello", "proc", "run", "sub", "sys", "tmp"], Names(machine, "/"));
        Assert.Equal(FileType.CharacterDevice, machine.Vfs.StatusOf(machine.Vfs.FindAsOwner("/dev/null")!.Node)!.Type);
        Assert.Equal([".", ".."], Names(machine, "/tmp"));
        Assert.Equal([".", ".."], Names(machine, "/sys"));
        machine.WriteFile("/tmp/own", "x"u8);
        Assert.Equal("x", Read(machine, "/tmp/../tmp/own"));
        Assert.Equal("inner", Read(machine, "/tmp/../sub/inner"));
        Assert.Equal("/tmp", machine.Vfs.PathOf(machine.Vfs.FindAsOwner("/tmp")!.Node));
        Assert.Equal("/sub", machine.Vfs.PathOf(machine.Vfs.FindAsOwner("/sub")!.Node));
    }

    [Fact]
    public void A_view_can_stand_in_a_view_where_the_host_has_nothing()
    {
        LinuxMachine machine = Mounted("/");
        machine.MountHost("/sub/second", Path.Combine(_folder, "etc"));
        Assert.Equal("of the view", Read(machine, "/sub/second/passwd"));
        Assert.Equal([".", "..", "inner", "second"], Names(machine, "/sub"));
        Assert.Equal("inner", Read(machine, "/sub/second/../inner"));
        Assert.Equal("/sub/second", machine.Vfs.PathOf(machine.Vfs.FindAsOwner("/sub/second")!.Node));
        Assert.Throws<IOException>(() => machine.MountHost("/hello", _folder));
    }

    [Fact]
    public void The_attributes_are_the_hosts_and_the_inode_number_follows_from_the_path()
    {
        File.SetLastWriteTimeUtc(Path.Combine(_folder, "hello"), new DateTime(2020, 5, 6, 7, 8, 9, DateTimeKind.Utc));
        LinuxMachine machine = Mounted(), other = Mounted();
        FileStatus status = machine.Vfs.StatusOf(machine.Vfs.FindAsOwner("/host/hello")!.Node)!;
        Assert.Equal((12, FileType.Regular), (status.Size, status.Type));
        Assert.Equal(1_588_748_889_000_000_000, status.Times.Modification);
        Assert.Equal(status, other.Vfs.StatusOf(other.Vfs.FindAsOwner("/host/hello")!.Node));
    }

    [SkippableFact]
    public void The_hosts_permissions_hold_for_the_program()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Owners are known on Linux only.");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Path.Combine(_folder, "hello"), UnixFileMode.None);
        Assert.Equal(-Errno.EACCES, Open(Mounted(), "/host/hello"));
    }

    [Fact]
    public void The_owner_cannot_write_into_a_view_either()
    {
        LinuxMachine machine = Mounted();
        Assert.Contains("for reading only", Assert.Throws<IOException>(() => machine.WriteFile("/host/new", "x"u8)).Message, StringComparison.Ordinal);
        Assert.Contains("for reading only", Assert.Throws<IOException>(() => machine.WriteFile("/host/hello", "x"u8)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_a_sentence()
    {
        string missing = Path.Combine(_outside, "missing");
        Assert.Contains(missing, Assert.Throws<DirectoryNotFoundException>(() => Guest.Boot().MountHost("/host", missing)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Results_are_exported_into_the_folder_and_nowhere_else()
    {
        LinuxMachine machine = Guest.Boot();
        machine.WriteFile("/out/a", "one"u8);
        machine.WriteFile("/out/deep/er/b", "two"u8);
        machine.WriteFile("/other", "three"u8);
        machine.MakeSymbolicLink("/out/link", "/other");
        string target = Path.Combine(_outside, "export");
        Assert.Equal(2, machine.ExportFiles("/out", target).Count);
        Assert.Equal("one", File.ReadAllText(Path.Combine(target, "a")));
        Assert.Equal("two", File.ReadAllText(Path.Combine(target, "deep", "er", "b")));
        Assert.Equal(["a", "deep"], System.IO.Directory.EnumerateFileSystemEntries(target).Select(entry => Path.GetFileName(entry)!).Order());
    }

    [SkippableFact]
    public void An_export_follows_no_link_of_the_host()
    {
        Skip.If(OperatingSystem.IsWindows(), "Links need a right on Windows.");
        LinuxMachine machine = Guest.Boot();
        machine.WriteFile("/out/door/secret", "overwritten"u8);
        machine.WriteFile("/out/trap", "overwritten"u8);
        string target = System.IO.Directory.CreateDirectory(Path.Combine(_outside, "export")).FullName;
        System.IO.Directory.CreateSymbolicLink(Path.Combine(target, "door"), _outside);
        Assert.Throws<IOException>(() => machine.ExportFiles("/out", target));
        System.IO.Directory.Delete(Path.Combine(target, "door"));
        File.CreateSymbolicLink(Path.Combine(target, "trap"), Path.Combine(_outside, "secret"));
        Assert.Throws<IOException>(() => machine.ExportFiles("/out", target));
        Assert.Equal("secret", File.ReadAllText(Path.Combine(_outside, "secret")));
    }
}
