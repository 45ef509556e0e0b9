using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;

namespace SyscallExplorer.Machine.Tests;

/// <summary>A bench with SSE and AVX switched on, on which one instruction runs again and again: on XMM0 or YMM0, 1 and 2, on RAX, or with memory at RSI.</summary>
internal sealed class FloatBench
{
    /// <summary>Rounding to nearest, every exception masked, no flag set.</summary>
    public const uint Masked = 0x1F80;

    /// <summary>The same with PE set: where the host may compute.</summary>
    public const uint MaskedAndInexact = Masked | (uint)FloatExceptions.Precision;

    public FloatBench(CpuModel? model = null)
    {
        Machine = new MachineBench(model);
        Machine.Cpu.Registers.ControlRegister4 |= Cr4.OSFXSR | Cr4.OSXMMEXCPT | Cr4.OSXSAVE;
        Machine.Cpu.Registers.ExtendedControlRegister0 = 7;
        Machine[Gpr.Rsi] = BenchLayout.KernelData;
    }

    public MachineBench Machine { get; }

    public uint Mxcsr
    {
        get => Machine.Cpu.Registers.MediaControl;
        set => Machine.Cpu.Registers.MediaControl = value;
    }

    /// <summary>The flags that MXCSR has.</summary>
    public FloatExceptions Flags => (FloatExceptions)Mxcsr & FloatExceptions.All;

    public ulong Rax
    {
        get => Machine[Gpr.Rax];
        set => Machine[Gpr.Rax] = value;
    }

    public Vector256<byte> this[int register]
    {
        get => Machine.Cpu.Registers.GetVector(register);
        set => Machine.Cpu.Registers.SetVector(register, value);
    }

    public void Set<T>(int register, params T[] elements) where T : unmanaged
    {
        Vector256<byte> vector = default;
        for (int i = 0; i < elements.Length; i++)
            Element<T>(ref vector, i) = elements[i];
        this[register] = vector;
    }

    public T[] Get<T>(int register, int count) where T : unmanaged
    {
        Vector256<byte> vector = this[register];
        return Enumerable.Range(0, count).Select(i => Element<T>(ref vector, i)).ToArray();
    }

    public T Lowest<T>(int register) where T : unmanaged => Get<T>(register, 1)[0];

    /// <summary>Loads code, which <see cref="Run"/> runs.</summary>
    public FloatBench Load(Action<Assembler> code)
    {
        Machine.Place(BenchMode.Kernel64, code);
        return this;
    }

    /// <summary>Loads a form, on registers 0, 1 and 2 in the order of its operands.</summary>
    public FloatBench Load(Code form, byte immediate = 0) => Load(a => a.AddInstruction(InstructionOf(form, immediate)));

    /// <summary>Runs the code; an exception is in what it returns.</summary>
    public BenchRun Run()
    {
        Machine.Rewind();
        return Machine.Go();
    }

    /// <summary>Runs code with an MXCSR.</summary>
    public BenchRun Run(uint mxcsr, Action<Assembler> code)
    {
        Mxcsr = mxcsr;
        return Load(code).Run();
    }

    public static ref T Element<T>(ref Vector256<byte> vector, int index) where T : unmanaged =>
        ref Unsafe.Add(ref Unsafe.As<Vector256<byte>, T>(ref vector), index);

    private static Instruction InstructionOf(Code code, byte immediate)
    {
        var instruction = new Instruction { Code = code };
        OpCodeInfo form = code.ToOpCode();
        for (int i = 0; i < form.OpCount; i++)
        {
            string kind = form.GetOpKind(i).ToString();
            if (kind.StartsWith("imm"))
            {
                instruction.SetOpKind(i, OpKind.Immediate8);
                instruction.Immediate8 = immediate;
                continue;
            }

            instruction.SetOpKind(i, OpKind.Register);
            instruction.SetOpRegister(i, (kind[0] == 'y' ? Register.YMM0 : Register.XMM0) + i);
        }

        return instruction;
    }
}
