using Iced.Intel;

namespace SyscallExplorer.Linux;

/// <summary>Iced's assembler with what a function of the vDSO needs: saved registers that debuggers know of, and alternatives.</summary>
internal sealed class VdsoAssembler(VdsoAbi abi, ulong address) : Assembler(abi == VdsoAbi.I386 ? 32 : 64)
{
    private readonly List<(int Index, int CfaOffset, IEnumerable<byte> Register)> _frames = [];
    private readonly List<(int Index, byte[] Replacement, KernelFeature Feature)> _alternatives = [];
    private readonly List<(string Name, int Index)> _points = [];
    private int _cfa = abi == VdsoAbi.I386 ? 4 : 8;

    public VdsoAbi Abi => abi;

    public ulong Address => address;

    private int Word => abi == VdsoAbi.I386 ? 4 : 8;

    /// <summary>Bytes on the stack between the stack pointer and the return address.</summary>
    public int Pushed => _cfa - Word;

    /// <summary>Where the next instruction stands; only while no branch stands before it.</summary>
    public ulong Here => address + (ulong)AssembledBytes.Of(this, address).Length;

    public void Push(AssemblerRegister32 register)
    {
        push(register);
        Saved(register);
    }

    public void Push(AssemblerRegister64 register)
    {
        push(register);
        Saved(register);
    }

    public void Pop(AssemblerRegister32 register)
    {
        pop(register);
        Restored(register);
    }

    public void Pop(AssemblerRegister64 register)
    {
        pop(register);
        Restored(register);
    }

    /// <summary>An instruction whose operand stands at an address of the image's space, which it reaches from where it stands.</summary>
    public void FromHere(Code code, Register register, long address) => AddInstruction(Instruction.Create(code, register, new MemoryOperand(Register.RIP, address, 8)));

    /// <summary>The same for an address that is everybody's, in the upper 2 GiB.</summary>
    public void FromFixed(Code code, Register register, long address) => AddInstruction(Instruction.Create(code, register, new MemoryOperand(Register.None, address, 8)));

    /// <summary>A second way out begins here, where as much is on the stack as the first began with.</summary>
    public void FrameIs(IReadOnlyList<Register> pushed)
    {
        _cfa = Word;
        foreach (Register register in pushed)
            Saved(register);
    }

    /// <summary>Pushes the address of the next instruction, for code that has no other way to learn where it is.</summary>
    /// <returns>That address.</returns>
    public ulong CallNext(AssemblerRegister32 register)
    {
        db(0xE8, 0, 0, 0, 0);
        ulong next = Here;
        Move(Word);
        pop(register);
        Move(-Word);
        return next;
    }

    /// <summary>Bytes that boot replaces. The last feature that the processor has wins.</summary>
    public void Alternative(byte[] original, params (KernelFeature Feature, byte[] Replacement)[] choices)
    {
        foreach ((KernelFeature feature, byte[] replacement) in choices)
            _alternatives.Add((Instructions.Count, [.. replacement, .. Padding(original.Length - replacement.Length)], feature));
        db(original);
    }

    /// <summary>The next instruction has a name of its own.</summary>
    public void Point(string name) => _points.Add((name, Instructions.Count));

    public VdsoFunction Finish(string name, UnwindRows? unwinding = null)
    {
        var stream = new MemoryStream();
        AssemblerResult result = Assemble(new StreamCodeWriter(stream), address, BlockEncoderOptions.ReturnNewInstructionOffsets);
        uint[] offsets = result.Result[0].NewInstructionOffsets;
        byte[] code = stream.ToArray();
        IReadOnlyList<CodeAlternative> alternatives = [.. _alternatives.Select(change =>
        {
            int start = (int)offsets[change.Index];
            return new CodeAlternative(address + (ulong)start, code.AsSpan(start, change.Replacement.Length).ToArray(), change.Replacement, change.Feature);
        })];
        return new VdsoFunction(name, address, code, alternatives, unwinding ?? new UnwindRows([.. Rows(offsets, code.Length)]))
        {
            Points = _points.ToDictionary(point => point.Name, point => address + offsets[point.Index]),
        };
    }

    private IEnumerable<byte> Rows(uint[] offsets, int length)
    {
        int at = 0;
        foreach ((int index, int cfa, IEnumerable<byte> register) in _frames)
        {
            // What a last instruction does to the frame holds nowhere.
            int offset = index < offsets.Length ? (int)offsets[index] : length;
            if (offset == length)
                yield break;
            foreach (byte part in CallFrame.Advance(offset - at).Concat(CallFrame.CfaOffset(cfa)).Concat(register))
                yield return part;
            at = offset;
        }
    }

    private void Saved(Register register)
    {
        _cfa += Word;
        _frames.Add((Instructions.Count, _cfa, CallFrame.Saved(DwarfNumber(register), _cfa / Word)));
    }

    private void Restored(Register register)
    {
        _cfa -= Word;
        _frames.Add((Instructions.Count, _cfa, CallFrame.Restored(DwarfNumber(register))));
    }

    private void Move(int bytes)
    {
        _cfa += bytes;
        _frames.Add((Instructions.Count, _cfa, []));
    }

    /// <summary>The numbers of the System V ABIs, which are neither each other's nor the processor's.</summary>
    private int DwarfNumber(Register register)
    {
        ReadOnlySpan<int> numbers64 = [0, 2, 1, 3, 7, 6, 4, 5];
        int number = register.GetNumber();
        return abi == VdsoAbi.I386 || number >= numbers64.Length ? number : numbers64[number];
    }

    private static byte[] Padding(int length) => length switch
    {
        0 => [],
        1 => [0x90],
        2 => [0x66, 0x90],
        3 => [0x0F, 0x1F, 0x00],
        _ => throw new ArgumentOutOfRangeException(nameof(length), length, "An alternative is padded by at most three bytes."),
    };
}
