using Iced.Intel;
using SyscallExplorer.Linux;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer;

/// <summary>A program that does the same thing again and again: what the author wrote, and two instructions that count.</summary>
internal sealed class LoopScenario
{
    private const int CounterOffset = 0xF000;

    private LoopScenario(string label, UserProgram program, ulong loopStart) => (Label, Program, LoopStart) = (label, program, loopStart);

    public string Label { get; }

    public UserProgram Program { get; }

    /// <summary>Where each round begins.</summary>
    public ulong LoopStart { get; }

    /// <summary>Makes the program.</summary>
    /// <param name="label">What to call it.</param>
    /// <param name="body">Writes what is done in each round. It may use all registers.</param>
    /// <param name="bitness">32 or 64.</param>
    /// <param name="exitGroup">The number of exit_group.</param>
    /// <param name="countsInRegister">Whether R15 counts, which the body then leaves alone, and not a word in memory; in 64-bit code only.</param>
    /// <exception cref="ArgumentException">The code cannot be assembled.</exception>
    public static LoopScenario Create(string label, Action<Assembler> body, int bitness, int exitGroup, bool countsInRegister = false)
    {
        int length = 0;
        UserProgram program = UserProgram.Assemble(a =>
        {
            ulong counter = (bitness == 64 ? UserSpace.Data64 : UserSpace.Data32) + CounterOffset;
            bool inRegister = countsInRegister && bitness == 64;
            if (inRegister)
                a.mov(r15d, PathMeter.Rounds);
            else
                a.mov(__dword_ptr[counter], PathMeter.Rounds);
            length = LengthOf(a, bitness);
            Label loop = a.CreateLabel("loop");
            a.Label(ref loop);
            body(a);
            if (inRegister)
                a.dec(r15d);
            else
                a.dec(__dword_ptr[counter]);
            a.jne(loop);
            a.mov(eax, exitGroup);
            if (bitness == 64)
            {
                a.xor(edi, edi);
                a.syscall();
            }
            else
            {
                a.xor(ebx, ebx);
                a.@int(unchecked((sbyte)0x80));
            }
        }, bitness);
        return new LoopScenario(label, program, program.EntryPoint + (ulong)length);
    }

    private static int LengthOf(Assembler a, int bitness)
    {
        var stream = new MemoryStream();
        a.Assemble(new StreamCodeWriter(stream), bitness == 64 ? UserSpace.Code64 : UserSpace.Code32);
        return (int)stream.Length;
    }
}
