using System.Globalization;
using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>Small files of /proc/PID.</summary>
internal static class TaskTexts
{
    private static readonly (string Name, int Number, string Unit)[] s_limits =
    [
        ("Max cpu time", 0, "seconds"), ("Max file size", 1, "bytes"), ("Max data size", 2, "bytes"), ("Max stack size", 3, "bytes"),
        ("Max core file size", 4, "bytes"), ("Max resident set", 5, "bytes"), ("Max processes", 6, "processes"), ("Max open files", 7, "files"),
        ("Max locked memory", 8, "bytes"), ("Max address space", 9, "bytes"), ("Max file locks", 10, "locks"), ("Max pending signals", 11, "signals"),
        ("Max msgqueue size", 12, "bytes"), ("Max nice priority", 13, ""), ("Max realtime priority", 14, ""), ("Max realtime timeout", 15, "us"),
    ];

    public static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);

    public static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);

    public static byte[] CommandLine(LinuxMachine machine, TaskState task) => Strings(machine, task, map => map.Arguments);

    public static byte[] Environment(LinuxMachine machine, TaskState task) => Strings(machine, task, map => map.Environment);

    public static byte[] AuxiliaryVector(LinuxMachine machine, TaskState task) =>
        machine.State.Maps.TryGetValue(task.Map, out MemoryMap? map) ? [.. map.AuxiliaryVector] : [];

    /// <summary>The state's letter, as ps shows it.</summary>
    public static char StateLetter(LinuxMachine machine, TaskState task) =>
        task.State == RunState.Zombie ? 'Z'
        : TraceStops.StopOf(task) is not null ? 't'
        : machine.State.Processes[task.Process].StoppedBy != 0 ? 'T' : task.State == RunState.Sleeping ? 'S' : 'R';

    /// <summary>The call that a task waits in, with its arguments, stack pointer and address; a task that runs is in none that could be told.</summary>
    public static string SystemCall(LinuxMachine machine, TaskState task)
    {
        if (task.State == RunState.Runnable)
            return "running\n";
        PtRegs registers = machine.ReadPtRegs(machine.Tasks.Guest(task).Registers);
        long number = (long)registers[PtRegsOffsets.OrigAx];
        if (number < 0)
            return string.Create(CultureInfo.InvariantCulture, $"-1 0x{registers[PtRegsOffsets.Sp]:x} 0x{registers[PtRegsOffsets.Ip]:x}\n");
        bool compat = machine.Tasks.Guest(task).IsInCompatCall;
        var arguments = new SyscallArguments(registers, compat);
        string values = string.Join(' ', Enumerable.Range(0, 6).Select(index => string.Create(CultureInfo.InvariantCulture, $"0x{arguments[index]:x}")));
        return string.Create(CultureInfo.InvariantCulture, $"{number} {values} 0x{registers[PtRegsOffsets.Sp]:x} 0x{registers[PtRegsOffsets.Ip]:x}\n");
    }

    public static string Limits(LinuxMachine machine, TaskState task)
    {
        ProcessState process = machine.State.Processes[task.Process];
        static string Value(ulong value) => value == ResourceLimit.Infinity ? "unlimited" : value.ToString(CultureInfo.InvariantCulture);
        var text = new StringBuilder($"{"Limit",-25} {"Soft Limit",-20} {"Hard Limit",-20} {"Units",-10}\n");
        foreach ((string name, int number, string unit) in s_limits)
        {
            ResourceLimit limit = process.LimitOf(number);
            text.Append($"{name,-25} {Value(limit.Soft),-20} {Value(limit.Hard),-20} ").Append(unit.Length > 0 ? $"{unit,-10}" : "").Append('\n');
        }

        return text.ToString();
    }

    private static byte[] Strings(LinuxMachine machine, TaskState task, Func<MemoryMap, (ulong Start, ulong End)> range)
    {
        const ulong most = 1 << 20;
        if (!machine.State.Maps.TryGetValue(task.Map, out MemoryMap? map))
            return [];
        (ulong start, ulong end) = range(map);
        byte[] bytes = new byte[(int)Math.Min(end - start, most)];
        int there = new AddressSpace(machine, task.Map).Read(start, bytes);
        return bytes[..there];
    }
}
