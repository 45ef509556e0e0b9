using System.Text;

namespace SyscallExplorer.Linux.Tests;

/// <summary>A program that calls the kernel by the names of its calls, with strings and structures as arguments.</summary>
internal sealed class FileScript(int bitness)
{
    private const ulong FirstText = 0x4000;
    private readonly CallScript _script = new(bitness);
    private readonly List<Action<LinuxMachine>> _before = [];
    private ulong _next = FirstText;
    private int _calls;

    public const int Here = -100;

    public ulong Data => _script.Data;

    /// <summary>Puts a string with its zero somewhere.</summary>
    public Argument Text(string text) => Bytes([.. Encoding.UTF8.GetBytes(text), 0]);

    public Argument Bytes(byte[] bytes)
    {
        ulong at = _next;
        _script.Holding(at, bytes);
        _next += (ulong)(bytes.Length + 7) / 8 * 8;
        return Data + at;
    }

    public FileScript Before(Action<LinuxMachine> prepare)
    {
        _before.Add(prepare);
        return this;
    }

    /// <summary>Makes a call.</summary>
    /// <returns>Its number in the order of calls, for its result.</returns>
    public int Call(string name, params object[] arguments)
    {
        SyscallTable table = bitness == 64 ? Kernels.Linux_5_13.Table64 : Kernels.Linux_5_13.Table32;
        Argument[] converted = [.. arguments.Select(argument => argument switch
        {
            string text => Text(text),
            byte[] bytes => Bytes(bytes),
            int number => (Argument)number,
            uint number => (Argument)number,
            long number => (Argument)number,
            ulong number => (Argument)number,
            Argument given => given,
            _ => throw new ArgumentException($"{argument} is no argument of a call."),
        })];
        _script.Call(table[name].Number, converted);
        return _calls++;
    }

    public CallRun Run(string input = "")
    {
        LinuxMachine machine = _script.Load(input);
        foreach (Action<LinuxMachine> prepare in _before)
            prepare(machine);
        return _script.Finish(machine);
    }

    /// <summary>Runs and gives the results of all calls, in their order.</summary>
    public long[] Results(string input = "")
    {
        CallRun run = Run(input);
        return [.. Enumerable.Range(0, _calls).Select(call => run[call])];
    }
}
