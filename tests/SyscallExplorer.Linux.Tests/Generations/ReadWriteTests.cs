using Iced.Intel;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Linux.Tests;

/// <summary>read and write of null and zero in every generation: what they answer, and through which of the kernel's functions they go.</summary>
public sealed class ReadWriteTests
{
    private const int NameOffset = 0x100, BufferOffset = 0x2000, ResultsOffset = 0x8000;
    private const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2;
    private const int ZeroName = NameOffset, NullName = NameOffset + 16;

    public static TheoryData<string> EveryKernel() => [.. Kernels.All.Concat(Kernels.I386).Select(kernel => kernel.Name)];

    [Theory]
    [MemberData(nameof(EveryKernel))]
    public void Zero_gives_what_fits_null_gives_nothing_and_both_take_all(string kernel)
    {
        var program = new Program(kernel);
        int end = (int)UserSpace.DataSize;
        long[] results = program.Open(ZeroName, ReadWrite).Open(NullName, ReadWrite)
            .Read(3, BufferOffset, 4).Read(3, BufferOffset, 0).Read(3, BufferOffset, 4096 + 100).Read(3, end - 100, 4096).Read(3, end - 5000, 10_000)
            .Read(3, end, 10).Read(4, BufferOffset, 10).Write(3, BufferOffset, 7).Write(4, BufferOffset, 8).Write(4, BufferOffset, 0).Run();
        Assert.Equal([3L, 4, 4, 0, 4196, 100, 5000, -14, 0, 7, 8, 0], results);
    }

    [Theory]
    [MemberData(nameof(EveryKernel))]
    public void What_is_not_allowed_is_refused_with_its_error(string kernel)
    {
        var program = new Program(kernel);
        long[] results = program.Open(ZeroName, ReadOnly).Open(ZeroName, WriteOnly).Open(NullName, ReadOnly).Open(NullName, WriteOnly)
            .Write(3, BufferOffset, 1).Read(4, BufferOffset, 1).Write(5, BufferOffset, 1).Read(6, BufferOffset, 1)
            .Read(7, BufferOffset, 1).Write(7, BufferOffset, 1).Read(1024, BufferOffset, 1).Read(-1, BufferOffset, 1)
            .Read(3, program.BeyondUserSpace, 10).Write(6, program.BeyondUserSpace, 10).Read(3, BufferOffset, -1).Run();
        Assert.Equal([3L, 4, 5, 6, -9, -9, -9, -9, -9, -9, -9, -9, -14, -14, -14], results);
    }

    [Theory]
    [MemberData(nameof(EveryKernel))]
    public void Zeros_are_stored_for_exactly_the_bytes_that_were_asked_for(string kernel)
    {
        foreach (int size in (int[])[1, 3, 4, 7, 8, 9, 63, 64, 65, 200])
        {
            var program = new Program(kernel);
            LinuxMachine machine = program.Open(ZeroName, ReadOnly).Read(3, BufferOffset, size).Load();
            byte[] filled = Enumerable.Repeat((byte)0xEE, 256).ToArray();
            Assert.True(machine.Memory.TryWrite(program.Data + BufferOffset, filled));
            Assert.Equal(size, program.Finish(machine)[1]);
            byte[] bytes = new byte[256];
            Assert.True(machine.Memory.TryRead(program.Data + BufferOffset, bytes));
            Assert.Equal([.. new byte[size], .. filled.AsSpan(size)], bytes);
        }
    }

    [Theory]
    [MemberData(nameof(EveryKernel))]
    public void A_file_of_the_host_is_read_and_written_through_the_same_functions(string kernel)
    {
        var program = new Program(kernel);
        LinuxMachine machine = program.Write(1, NameOffset, 4).Read(0, BufferOffset, 10).Write(2, BufferOffset, 1).Load("hello");
        Assert.Equal([4L, 5, 1], program.Finish(machine));
        Assert.Equal("/dev", System.Text.Encoding.ASCII.GetString(machine.Output));
        Assert.Equal("h", System.Text.Encoding.ASCII.GetString(machine.Error));
    }

    /// <summary>Where two tasks share a table, the file's count goes up and down again.</summary>
    [Theory]
    [MemberData(nameof(EveryKernel))]
    public void A_table_that_is_shared_takes_the_way_with_a_count(string kernel)
    {
        var program = new Program(kernel);
        LinuxMachine machine = program.Open(ZeroName, ReadOnly).Read(3, BufferOffset, 4).Load();
        machine.Processor.Bus.Ram.WriteUInt64(KernelLayout.FilesStructPhysical + VfsLayout.FilesCount, 2);
        List<string> functions = Functions(machine);
        Assert.Contains("__fget_files", functions);
        Assert.Contains("fput", functions);
        Assert.Equal([3L, 4], program.Results(machine));
    }

    [Theory]
    [InlineData("Linux_2_6_39", "sys_read fget_light vfs_read rw_verify_area security_file_permission apparmor_file_permission common_file_perm"
        + " __fsnotify_parent fsnotify read_zero __clear_user _cond_resched __fsnotify_parent fsnotify")]
    [InlineData("Linux_4_20", "__x64_sys_read ksys_read __fdget_pos __fget_light vfs_read rw_verify_area security_file_permission apparmor_file_permission"
        + " common_file_perm __fsnotify_parent fsnotify __vfs_read new_sync_read iov_iter_init read_iter_zero iov_iter_zero __clear_user _cond_resched"
        + " __fsnotify_parent fsnotify")]
    [InlineData("Linux_5_13", "__x64_sys_read ksys_read __fdget_pos __fget_light vfs_read rw_verify_area security_file_permission apparmor_file_permission"
        + " common_file_perm bpf_lsm_file_permission fsnotify read_zero clear_user __clear_user __cond_resched fsnotify")]
    [InlineData("Linux_6_12", "__x64_sys_read ksys_read fdget_pos __fget_light vfs_read rw_verify_area security_file_permission apparmor_file_permission"
        + " common_file_perm bpf_lsm_file_permission read_zero rep_stos_alternative __cond_resched")]
    [InlineData("Linux_2_6_39_i386", "sys_read fget_light vfs_read rw_verify_area security_file_permission apparmor_file_permission common_file_perm"
        + " __fsnotify_parent fsnotify read_zero __clear_user _cond_resched __fsnotify_parent fsnotify")]
    [InlineData("Linux_5_10_i386", "ksys_read __fdget_pos __fget_light vfs_read rw_verify_area security_file_permission apparmor_file_permission common_file_perm"
        + " fsnotify read_zero clear_user __clear_user _cond_resched fsnotify")]
    public void A_read_of_zero_goes_through_the_kernels_functions_in_their_order(string kernel, string expected)
    {
        var program = new Program(kernel);
        LinuxMachine machine = program.Open(ZeroName, ReadOnly).Read(3, BufferOffset, 4).Load();
        List<string> functions = Functions(machine);
        string[] names = expected.Split(' ');
        int first = functions.IndexOf(names[0]);
        Assert.True(first >= 0, string.Join(' ', functions));
        HashSet<string> known = [.. names];
        Assert.Equal(names, functions.Skip(first).Where(known.Contains));
        Assert.Equal([3L, 4], program.Results(machine));
    }

    [Theory]
    [InlineData("Linux_2_6_39", "sys_getpid pid_vnr pid_nr_ns")]
    [InlineData("Linux_4_4", "sys_getpid pid_vnr pid_nr_ns")]
    [InlineData("Linux_6_8", "__x64_sys_getpid __task_pid_nr_ns")]
    [InlineData("Linux_4_20_i386", "sys_getpid __task_pid_nr_ns")]
    public void Getpid_asks_for_the_number_in_the_callers_namespace(string kernel, string expected)
    {
        var program = new Program(kernel);
        LinuxMachine machine = program.Call("getpid").Load();
        List<string> functions = Functions(machine);
        HashSet<string> known = [.. expected.Split(' ')];
        Assert.Equal(expected.Split(' '), functions.Where(known.Contains));
        Assert.Equal([TaskIdentity.Pid], program.Results(machine));
    }

    private static List<string> Functions(LinuxMachine machine)
    {
        var names = new List<string>();
        var trace = new EntryTrace(machine, names);
        machine.Run(RunLimits.Instructions(100_000), ref trace);
        return names;
    }

    /// <summary>Symbols whose first instruction is executed in ring 0.</summary>
    private readonly struct EntryTrace(LinuxMachine machine, List<string> names) : IInstructionTrace
    {
        public bool Before(Processor processor, in Instruction instruction)
        {
            if (processor.CurrentPrivilegeLevel == 0)
            {
                ulong address = processor.Registers.Rip;
                names.AddRange(machine.Kernel.Image.Symbols.Where(symbol => symbol.Value == address).Select(symbol => symbol.Key));
            }

            return true;
        }

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }

    /// <summary>A program of either width that makes calls and keeps their results.</summary>
    private sealed class Program(string kernelName)
    {
        private readonly KernelGeneration _kernel = Kernels.Find(kernelName);
        private readonly List<(string Call, long[] Arguments)> _calls = [];

        public bool Is32Bit => _kernel.Is32Bit;

        public ulong Data => Is32Bit ? UserSpace.Data32 : UserSpace.Data64;

        /// <summary>An offset from the data that leads to the kernel's own memory.</summary>
        public long BeyondUserSpace => (long)((Is32Bit ? I386Layout.PageOffset : KernelLayout.DirectMap) - Data);

        public Program Open(int name, int flags) => Call("open", (long)Data + name, flags);

        public Program Read(int descriptor, long offset, long size) => Call("read", descriptor, (long)Data + offset, size);

        public Program Write(int descriptor, long offset, long size) => Call("write", descriptor, (long)Data + offset, size);

        public Program Call(string name, params long[] arguments)
        {
            _calls.Add((name, arguments));
            return this;
        }

        public long[] Run() => Finish(Load());

        public LinuxMachine Load(string input = "")
        {
            LinuxMachine machine = Guest.Load(Assemble, Is32Bit ? 32 : 64, Cpus.Haswell, input: input, kernel: _kernel);
            Assert.True(machine.Memory.TryWrite(Data + ZeroName, System.Text.Encoding.ASCII.GetBytes("/dev/zero\0")));
            Assert.True(machine.Memory.TryWrite(Data + NullName, System.Text.Encoding.ASCII.GetBytes("/dev/null\0")));
            return machine;
        }

        public long[] Finish(LinuxMachine machine)
        {
            machine.Run(RunLimits.Instructions(400_000));
            return Results(machine);
        }

        public long[] Results(LinuxMachine machine)
        {
            byte[] bytes = new byte[_calls.Count * 8];
            Assert.True(machine.Memory.TryRead(Data + ResultsOffset, bytes));
            return [.. Enumerable.Range(0, _calls.Count).Select(i => Is32Bit ? BitConverter.ToInt32(bytes, i * 8) : BitConverter.ToInt64(bytes, i * 8))];
        }

        private static int NumberOf(SyscallTable table, string name) => table.Entries.First(entry => entry.Name == name && entry.Abi != "x32").Number;

        private void Assemble(Assembler a)
        {
            for (int i = 0; i < _calls.Count; i++)
            {
                (string name, long[] arguments) = _calls[i];
                ulong result = Data + ResultsOffset + (ulong)i * 8;
                if (Is32Bit)
                {
                    AssemblerRegister32[] registers = [ebx, ecx, edx];
                    for (int j = 0; j < arguments.Length; j++)
                        a.mov(registers[j], (uint)arguments[j]);
                    a.mov(eax, NumberOf(_kernel.Table32, name));
                    SystemCallPathTests.Int80(a);
                    a.mov(__dword_ptr[result], eax);
                }
                else
                {
                    Guest.Call(a, NumberOf(_kernel.Table64, name), [.. arguments.Select(argument => (ulong)argument)]);
                    a.mov(__qword_ptr[result], rax);
                }
            }

            a.hlt();
        }
    }
}
