using System.Text;

namespace SyscallExplorer.Linux.Tests;

/// <summary>open, close, read and write as programs see them.</summary>
public sealed class FileCallTests
{
    private const ulong Name = 0x100;
    private const ulong Buffer = 0x2000;
    private const int Creat = 0x40, Excl = 0x80, Trunc = 0x200, Append = 0x400, Directory = 0x10000;
    private const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2;
    private const ulong D = UserSpace.Data64;

    private static CallScript Script(string name = "/a") => new CallScript(64).Holding(Name, name + "\0");

    [Theory]
    [InlineData(64, 0)]
    [InlineData(32, 3)]
    public void Standard_input_comes_in_the_pieces_that_are_asked_for_and_then_ends(int bitness, int read)
    {
        var script = new CallScript(bitness);
        CallRun run = script.Call(read, 0, script.Data, 3).Call(read, 0, script.Data + 0x10, 100).Call(read, 0, script.Data, 5).Run("hello world");
        Assert.Equal([3L, 8, 0], [run[0], run[1], run[2]]);
        Assert.Equal("hel", run.Text(0, 3));
        Assert.Equal("lo world", run.Text(0x10, 8));
    }

    [Theory]
    [InlineData(64, 1)]
    [InlineData(32, 4)]
    public void Standard_output_and_error_are_captured_apart(int bitness, int write)
    {
        var script = new CallScript(bitness);
        CallRun run = script.Holding(0, "one two!").Call(write, 1, script.Data, 4).Call(write, 2, script.Data + 4, 3).Call(write, 1, script.Data + 7, 1).Run();
        Assert.Equal([4L, 3, 1], [run[0], run[1], run[2]]);
        Assert.Equal("one !", Encoding.UTF8.GetString(run.Machine.Output));
        Assert.Equal("two", Encoding.UTF8.GetString(run.Machine.Error));
    }

    [Theory]
    [InlineData(3L)]
    [InlineData(255L)]
    [InlineData(256L)]
    [InlineData(-1L)]
    [InlineData(0x7FFF_FFFFL)]
    public void A_descriptor_that_is_not_open_is_ebadf(long descriptor)
    {
        CallRun run = Script().Call(0, descriptor, D, 1).Call(1, descriptor, D, 1).Call(3, descriptor).Run();
        Assert.Equal([-9L, -9, -9], [run[0], run[1], run[2]]);
    }

    [Fact]
    public void A_descriptor_is_the_low_half_of_its_register()
    {
        CallRun run = Script().Call(1, 0x5_0000_0001L, D, 1).Run();
        Assert.Equal(1, run[0]);
    }

    [Fact]
    public void Reading_what_is_open_for_writing_and_the_other_way_round_is_ebadf()
    {
        CallRun run = Script().WithFile("/a", "text").Call(2, D + Name, ReadOnly).Call(1, Argument.Result(0), D, 1)
            .Call(2, D + Name, WriteOnly).Call(0, Argument.Result(2), D, 1).Call(0, 1, D, 1).Call(1, 0, D, 1).Run("x");
        Assert.Equal([-9L, -9, -9, -9], [run[1], run[3], run[4], run[5]]);
    }

    [Theory]
    [InlineData("/dev/null")]
    [InlineData("/dev/zero")]
    public void The_devices_keep_to_what_they_were_opened_for(string device)
    {
        CallRun run = Script(device).Call(2, D + Name, WriteOnly).Call(0, Argument.Result(0), D, 1).Call(1, Argument.Result(0), D, 1)
            .Call(2, D + Name, ReadOnly).Call(1, Argument.Result(3), D, 1).Run();
        Assert.Equal([3L, -9, 1, 4, -9], [run[0], run[1], run[2], run[3], run[4]]);
    }

    [Theory]
    [InlineData(64, 2, 0, 3)]
    [InlineData(32, 5, 3, 6)]
    public void A_file_is_opened_read_to_its_end_and_closed(int bitness, int open, int read, int close)
    {
        var script = new CallScript(bitness);
        CallRun run = script.WithFile("/dir/a", "0123456789").WithFile("/dir/x/b", "").Holding(Name, "/dir/./x/../a\0")
            .Call(open, script.Data + Name, ReadOnly).Call(read, Argument.Result(0), script.Data + Buffer, 6)
            .Call(read, Argument.Result(0), script.Data + Buffer + 6, 6).Call(read, Argument.Result(0), script.Data, 6)
            .Call(close, Argument.Result(0)).Call(close, Argument.Result(0)).Run();
        Assert.Equal([3L, 6, 4, 0, 0, -9], [run[0], run[1], run[2], run[3], run[4], run[5]]);
        Assert.Equal("0123456789", run.Text(Buffer, 10));
    }

    [Fact]
    public void Open_creates_truncates_and_appends()
    {
        CallRun run = Script().Holding(0, "abcdef")
            .Call(2, D + Name, WriteOnly | Creat, 0x1A4).Call(1, Argument.Result(0), D, 6)
            .Call(2, D + Name, WriteOnly | Append).Call(1, Argument.Result(2), D, 2)
            .Call(2, D + Name, ReadWrite).Call(0, Argument.Result(4), D + Buffer, 20).Run();
        Assert.Equal("abcdefab", run.Text(Buffer, 8));
        Assert.Equal(8, run[5]);
        run = Script().WithFile("/a", "long content").Holding(0, "xy").Call(2, D + Name, WriteOnly | Trunc).Call(1, Argument.Result(0), D, 2).Run();
        Assert.Equal("xy", Encoding.UTF8.GetString(run.Machine.ReadFile("/a")));
    }

    [Fact]
    public void Writing_without_truncation_leaves_what_stands_behind()
    {
        CallRun run = Script().WithFile("/a", "long content").Holding(0, "xy").Call(2, D + Name, WriteOnly).Call(1, Argument.Result(0), D, 2).Run();
        Assert.Equal("xyng content", Encoding.UTF8.GetString(run.Machine.ReadFile("/a")));
    }

    [Theory]
    [InlineData("/none", ReadOnly, Errno.ENOENT)]
    [InlineData("", ReadOnly, Errno.ENOENT)]
    [InlineData("/dir/file", WriteOnly | Creat | Excl, Errno.EEXIST)]
    [InlineData("/dir", WriteOnly, Errno.EISDIR)]
    [InlineData("/", ReadWrite, Errno.EISDIR)]
    [InlineData("/dir", ReadOnly | Creat, Errno.EISDIR)]
    [InlineData("/dir", ReadOnly | Creat | Excl, Errno.EEXIST)]
    [InlineData("/dir/file/below", ReadOnly, Errno.ENOTDIR)]
    [InlineData("/dir/file/below", WriteOnly | Creat, Errno.ENOTDIR)]
    [InlineData("/dir/file", ReadOnly | Directory, Errno.ENOTDIR)]
    [InlineData("/dev/null", ReadOnly | Directory, Errno.ENOTDIR)]
    [InlineData("/dev/null/x", ReadOnly, Errno.ENOTDIR)]
    [InlineData("/dev/null", WriteOnly | Creat | Excl, Errno.EEXIST)]
    public void Open_refuses_with_the_right_error(string name, int flags, int errno)
    {
        CallRun run = Script(name).WithFile("/dir/file", "x").Call(2, D + Name, flags).Run();
        Assert.Equal(-errno, run[0]);
        Assert.Equal(["/dir/file"], run.Machine.FileNames);
    }

    [Theory]
    [InlineData(255, 3)]
    [InlineData(256, -Errno.ENAMETOOLONG)]
    [InlineData(5000, -Errno.ENAMETOOLONG)]
    public void A_name_has_its_limits(int length, int expected)
    {
        CallRun run = Script("/" + new string('n', length)).Call(2, D + Name, WriteOnly | Creat).Run();
        Assert.Equal(expected, run[0]);
    }

    [Fact]
    public void A_path_of_4096_bytes_is_too_long_and_one_of_4095_is_not()
    {
        string Path(int length) => string.Concat(Enumerable.Repeat("/.", 2047)) + "/" + new string('a', length - 4095);
        CallRun run = new CallScript(64).Holding(Name, Path(4096) + "\0").Holding(Buffer, "/" + Path(4095)[1..] + "\0")
            .Call(2, D + Name, ReadOnly).Call(2, D + Buffer, WriteOnly | Creat).Run();
        Assert.Equal(-Errno.ENAMETOOLONG, run[0]);
        Assert.NotEqual(-Errno.ENAMETOOLONG, run[1]);
    }

    [Fact]
    public void A_name_that_cannot_be_read_is_efault()
    {
        CallRun run = Script().Call(2, 0, ReadOnly).Call(2, KernelLayout.DirectMap, ReadOnly).Run();
        Assert.Equal([-14L, -14], [run[0], run[1]]);
    }

    [Fact]
    public void The_descriptors_run_out_with_emfile_and_the_lowest_free_one_is_next()
    {
        const int setLimit = 160, descriptors = 7, limit = 256;
        CallScript script = Script("/dev/null").Holding(0x900, [.. BitConverter.GetBytes((long)limit), .. BitConverter.GetBytes((long)limit)])
            .Call(setLimit, descriptors, D + 0x900);
        for (int i = 3; i < limit; i++)
            script.Call(2, D + Name, ReadOnly);
        CallRun run = script.Call(2, D + Name, ReadOnly).Call(3, 17).Call(2, D + Name, ReadOnly).Run();
        int calls = limit - 3 + 1;
        Assert.Equal(255, run[calls - 1]);
        Assert.Equal([-24L, 0, 17], [run[calls], run[calls + 1], run[calls + 2]]);
    }

    [Theory]
    [InlineData("/dev/null", 0L)]
    [InlineData("/dev/zero", 16L)]
    public void Null_and_zero_are_served_by_guest_code_alone(string device, long count)
    {
        CallScript script = Script(device).Holding(Buffer, new string('x', 32))
            .Call(2, D + Name, ReadWrite).Call(0, Argument.Result(0), D + Buffer, 16).Call(1, Argument.Result(0), D, 12);
        CallRun run = script.Run();
        Assert.Equal([3L, count, 12], [run[0], run[1], run[2]]);
        string expected = new string('\0', (int)count) + new string('x', 32 - (int)count);
        Assert.Equal(expected, run.Text(Buffer, 32));
    }

    [Fact]
    public void Reading_zero_makes_no_hypercall()
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(Iced.Intel.AssemblerRegisters.rdi, 0);
            a.mov(Iced.Intel.AssemblerRegisters.rsi, D);
            a.mov(Iced.Intel.AssemblerRegisters.edx, 8);
            a.xor(Iced.Intel.AssemblerRegisters.eax, Iced.Intel.AssemblerRegisters.eax);
            a.syscall();
            a.ud2();
        });
        machine.Processor.Bus.Ram.Write(KernelLayout.FilesPhysical + (ulong)(0) * 4, BitConverter.GetBytes(VfsRecords.Of(machine.Kernel.Traits).PointerOf(FileKind.Zero, FileKind.MayRead)));
        var ledger = new HypercallLedger();
        machine.HypercallLedger = ledger;
        machine.Run(SyscallExplorer.Machine.RunLimits.Instructions(5000));
        Assert.Equal(["do_signal", "force_signal", "handle_mm_fault"], ledger.Uses.Keys);
        Assert.Equal(8ul, machine.Fatal!.Registers[PtRegsOffsets.Ax]);
    }

    [Fact]
    public void Reading_zero_across_the_end_of_memory_gives_what_fitted()
    {
        ulong end = D + UserSpace.DataSize;
        CallRun run = Script("/dev/zero").Call(2, D + Name, ReadOnly).Call(0, Argument.Result(0), end - 100, 4096)
            .Call(0, Argument.Result(0), end, 10).Call(0, Argument.Result(0), UserSpace.Code64, 10).Call(0, Argument.Result(0), 0, 0).Run();
        Assert.Equal([100L, -14, -14, 0], [run[1], run[2], run[3], run[4]]);
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev/null")]
    [InlineData("/a")]
    public void A_buffer_in_kernel_space_is_efault_for_every_kind_of_file(string name)
    {
        CallRun run = Script(name).WithFile("/a", "").Call(2, D + Name, ReadWrite)
            .Call(0, Argument.Result(0), KernelLayout.DirectMap, 10).Call(1, Argument.Result(0), KernelLayout.DirectMap, 10)
            .Call(0, Argument.Result(0), D, -1L).Call(1, Argument.Result(0), 0x7FFF_FFFF_FFFFL, 2).Run();
        Assert.Equal([-14L, -14, -14, -14], [run[1], run[2], run[3], run[4]]);
    }

    [Fact]
    public void Output_from_memory_that_is_not_there_is_efault_and_nothing_is_written()
    {
        CallRun run = Script().Call(1, 1, 0x1000, 4).Call(1, 1, D + UserSpace.DataSize - 2, 4).Run();
        Assert.Equal([-14L, -14], [run[0], run[1]]);
        Assert.Empty(run.Machine.Output);
    }

    [Fact]
    public void A_file_that_the_machine_does_not_have_is_a_sentence_with_those_it_has()
    {
        LinuxMachine machine = Guest.Boot();
        machine.WriteFile("/notes", [1]);
        Assert.Contains("/notes", Assert.Throws<FileNotFoundException>(() => machine.ReadFile("/note")).Message, StringComparison.Ordinal);
    }
}
